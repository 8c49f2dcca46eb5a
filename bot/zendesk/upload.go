package zendesk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
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
		if token, err = d.uploadOne(ctx, fmt.Sprintf("%s, upload of attachment %d", op, i+1), token, f); err != nil {
			if token != "" {
				d.takeBack(ctx, token)
			}
			return "", err
		}
	}
	return token, nil
}

// uploadOne adds a file to the upload that token names, or begins one, and
// returns its token, also when it fails and there is something to take back.
func (d *Desk) uploadOne(ctx context.Context, op, token string, f bot.Attachment) (string, error) {
	query := url.Values{"filename": {f.Name}}
	if token != "" {
		query.Set("token", token)
	}
	var bad atomic.Bool // the file was not what it should be
	_, raw, err := d.send(ctx, op, http.MethodPost, "/uploads.json?"+query.Encode(), func(req *http.Request) {
		req.ContentLength = f.Size
		if f.Size > 0 {
			req.Body = http.NoBody // the transport opens the file anew for each try
			req.GetBody = func() (io.ReadCloser, error) { return openFile(f, &bad) }
		}
		req.Header.Set("Content-Type", f.ContentType)
	})
	var answer struct {
		Upload struct {
			Token string `json:"token"`
		} `json:"upload"`
	}
	if err == nil && (json.Unmarshal(raw, &answer) != nil || answer.Upload.Token == "") {
		err = fmt.Errorf("%s: %w", op, errUnreadable)
	}
	if bad.Load() {
		err = fmt.Errorf("%s: %w", op, errFile)
	}
	if answer.Upload.Token != "" {
		token = answer.Upload.Token
	}
	return token, forSide(err)
}

// openFile opens a file for one try.
func openFile(f bot.Attachment, bad *atomic.Bool) (io.ReadCloser, error) {
	r, err := f.Open()
	if bad.Store(err != nil); err != nil {
		return nil, errFile // not the cause: that a file is missing must not look like a missing ticket
	}
	return &measured{ReadCloser: r, left: f.Size, bad: bad}, nil
}

// measured notes when a file fails, or is not as long as it was said to be.
type measured struct {
	io.ReadCloser
	left   int64
	closed atomic.Bool // net/http closes what it stops reading; that is no failure
	bad    *atomic.Bool
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	m.left -= int64(n)
	ends := errors.Is(err, io.EOF)
	if m.closed.Load() || (m.left >= 0 && (err == nil || ends && m.left == 0)) {
		return n, err
	}
	m.bad.Store(true)
	return n, errFile
}

func (m *measured) Close() error {
	m.closed.Store(true)
	return m.ReadCloser.Close()
}

// takeBack removes uploads that no comment took. If that fails they expire by
// themselves. It outlives the caller's context, within a bound.
func (d *Desk) takeBack(ctx context.Context, token string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBackTime)
	defer cancel()
	_, _, _ = d.send(ctx, "remove an upload", http.MethodDelete, "/uploads/"+url.PathEscape(token)+".json", nil) // see above
}
