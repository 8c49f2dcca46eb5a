package zendesksim

import (
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"time"
)

// Uploads' and files' bounds [docs, attachments].
const (
	uploadLife  = 60 * time.Minute
	maxFileSize = 50 << 20
)

func fileRoutes() []route {
	return []route{
		{"POST", "/api/v2/uploads", signed, upload},
		{"DELETE", "/api/v2/uploads/*token", signed, deleteUpload},
		{"GET", "/api/v2/attachments/:id", agents, showAttachment},
		{"GET", "/attachments/token/*token", visitor, download},
	}
}

func (s *Sim) addAttachment(f File, by int64) *Attachment {
	a := &Attachment{
		ID: s.newID(), FileName: f.Name, ContentType: f.ContentType, Content: slices.Clone(f.Content),
		Token: s.newToken(24), UploadedBy: by, CreatedAt: s.now(),
	}
	if a.ContentType == "" {
		a.ContentType = "application/octet-stream"
	}
	return s.attachments.add(a.ID, a)
}

func (s *Sim) expired(u *Upload) bool { return s.opt.Clock().Sub(u.CreatedAt) >= uploadLife }

func (c *call) contentURL(a *Attachment) string {
	return c.base + "/attachments/token/" + a.Token + "/?name=" + url.QueryEscape(a.FileName)
}

func upload(c *call) (answer, error) {
	name := path.Base(c.query("filename"))
	if name == "." || name == "/" {
		return answer{}, badRequest("Parameter filename is required")
	}
	if len(c.body) > maxFileSize {
		return answer{}, refuse(http.StatusRequestEntityTooLarge, "AttachmentTooLarge", "The file is larger than 50 MB")
	}
	contentType := c.req.Header.Get("Content-Type")
	if contentType == "" || contentType == "application/binary" {
		if contentType = mime.TypeByExtension(path.Ext(name)); contentType == "" {
			contentType = "application/octet-stream"
		}
	}
	u := &Upload{Token: c.query("token"), UserID: c.user.ID, CreatedAt: c.opt.Clock()}
	if u.Token != "" {
		have := c.uploads[u.Token]
		if have == nil || c.expired(have) || have.UserID != c.user.ID {
			return answer{}, notFound()
		}
		u = have
	} else {
		u.Token = c.newToken(25)
		c.uploads[u.Token] = u
	}
	a := c.addAttachment(File{Name: name, ContentType: contentType, Content: c.body}, c.user.ID)
	u.AttachmentIDs = append(u.AttachmentIDs, a.ID)
	all := []object{}
	for _, id := range u.AttachmentIDs {
		all = append(all, c.attachmentView(c.attachments.get(id)))
	}
	return created(object{"upload": object{"token": u.Token, "attachment": c.attachmentView(a), "attachments": all}}), nil
}

func deleteUpload(c *call) (answer, error) {
	u := c.uploads[c.params["token"]]
	if u == nil || u.UserID != c.user.ID {
		return answer{}, notFound()
	}
	for _, id := range u.AttachmentIDs {
		c.attachments.remove(id)
	}
	delete(c.uploads, u.Token)
	return noContent(), nil
}

func showAttachment(c *call) (answer, error) {
	a := c.attachments.get(c.id("id"))
	if a == nil {
		return answer{}, notFound()
	}
	return ok(object{"attachment": c.attachmentView(a)}), nil
}

// download serves a content URL. Private: any signed-in user while the file
// is not attached, then those who may read the ticket. Public: anyone.
func download(c *call) (answer, error) {
	token := c.params["token"]
	a := c.attachments.first(func(a *Attachment) bool { return a.Token == token })
	switch {
	case a == nil, a.CommentID == 0 && c.abandoned(a):
		return answer{}, notFound()
	case !c.privateFiles:
	case c.user == nil:
		return answer{}, notAuthenticated()
	case a.CommentID != 0 && !c.mayRead(c.user, a):
		return answer{}, forbidden()
	}
	out := answer{status: http.StatusOK, raw: a.Content, contentType: a.ContentType}
	out.set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": a.FileName}))
	out.set("X-Content-Type-Options", "nosniff")
	return out, nil
}

// abandoned is true for a file that no comment took while its token lived.
func (s *Sim) abandoned(a *Attachment) bool {
	for _, u := range s.uploads {
		if slices.Contains(u.AttachmentIDs, a.ID) {
			return s.expired(u)
		}
	}
	return true
}

func (s *Sim) mayRead(u *User, a *Attachment) bool {
	if u.Role != EndUser {
		return true
	}
	row, comment := s.tickets.get(a.TicketID), s.comments.get(a.CommentID)
	if row == nil || row.Deleted || !comment.Public {
		return false
	}
	if u.ID == row.RequesterID || slices.Contains(row.EmailCCIDs, u.ID) {
		return true
	}
	org := s.orgs.get(row.OrganizationID)
	if org == nil || !slices.Contains(u.OrganizationIDs, org.ID) {
		return false
	}
	return org.SharedTickets || u.TicketRestriction == "organization" || slices.Contains(u.ViewTicketsOf, org.ID)
}
