package zendesk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"privacydesk/bot"
)

// maxFile is the size of the largest attachment [docs, attachments].
const maxFile = 50 << 20

// takeBackTime bounds the attempt to remove uploads that were abandoned.
const takeBackTime = 10 * time.Second

// upload puts all files into one upload and returns its token; "" for no
// files. When it fails, nothing of it is left behind that can be removed.
// The ticket was not touched: whatever happens here is never ErrUnknown.
func (d *Desk) upload(ctx context.Context, op string, files []bot.Attachment) (token string, err error) {
	for _, f := range files {
		switch {
		case f.Size > maxFile:
			return "", fmt.Errorf("%s: an attachment has %d bytes and Zendesk takes %d; make the report's parts smaller", op, f.Size, maxFile)
		case f.Size < 0 || f.Name == "" || f.Open == nil:
			return "", fmt.Errorf("%s: an attachment has no name, size or content", op)
		}
	}
	for i, f := range files {
		next, err := d.uploadOne(ctx, fmt.Sprintf("%s, upload of attachment %d", op, i+1), token, f)
		if err != nil {
			if token != "" {
				d.takeBack(ctx, token)
			}
			return "", err
		}
		token = next
	}
	return token, nil
}

func (d *Desk) uploadOne(ctx context.Context, op, token string, f bot.Attachment) (string, error) {
	query := url.Values{"filename": {f.Name}}
	if token != "" {
		query.Set("token", token)
	}
	_, raw, err := d.send(ctx, op, http.MethodPost, "/uploads.json?"+query.Encode(), func(req *http.Request) {
		req.ContentLength = f.Size
		if f.Size > 0 {
			req.Body = http.NoBody // the transport opens the file anew for each try
			req.GetBody = func() (io.ReadCloser, error) { return openFile(f) }
		}
		req.Header.Set("Content-Type", f.ContentType)
	})
	if err != nil {
		return "", forSide(err)
	}
	var answer struct {
		Upload struct {
			Token string `json:"token"`
		} `json:"upload"`
	}
	if json.Unmarshal(raw, &answer) != nil || answer.Upload.Token == "" {
		return "", fmt.Errorf("%s: %w: %w", op, bot.ErrUnavailable, errUnreadable)
	}
	return answer.Upload.Token, nil
}

// openFile opens a file for one try. That it is as long as it was said to be
// is checked by net/http, which sends nothing else.
func openFile(f bot.Attachment) (io.ReadCloser, error) {
	r, err := f.Open()
	if err != nil {
		// Not wrapped: that a file is missing must not look like a missing ticket.
		return nil, errors.New("open the attachment: " + err.Error())
	}
	return r, nil
}

// takeBack removes uploads that no comment took. If that fails they expire by
// themselves. It outlives the caller's context, within a bound.
func (d *Desk) takeBack(ctx context.Context, token string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackTime)
	defer cancel()
	_, _, _ = d.send(ctx, "remove an upload", http.MethodDelete, "/uploads/"+url.PathEscape(token)+".json", nil) // see above
}
