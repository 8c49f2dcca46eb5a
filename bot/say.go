package bot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Say is one step's message to the ticket: comment, status, tags and fields
// in a single update. It holds no personal data; the subject's masked address
// is filled in when it is sent.
type Say struct {
	Step    string            `json:"step"`    // set by the outbox; unique within the request: the marker
	Message string            `json:"message"` // key of the catalogue; empty: no comment
	Vars    map[string]string `json:"vars,omitempty"`
	Public  bool              `json:"public,omitempty"`
	Status  Status            `json:"status,omitempty"`
	AddTags []string          `json:"add_tags,omitempty"`
	DelTags []string          `json:"del_tags,omitempty"`
	Fields  map[string]string `json:"fields,omitempty"`
	Attach  []string          `json:"attach,omitempty"` // spool names
	// Discloses is set when the message carries or announces personal data or
	// ends the request: the requester's right and the readers are read anew
	// right before it is sent.
	Discloses bool `json:"discloses,omitempty"`
	// Link is set when it carries the link by which a consumer proves their
	// address: its readers are looked at right before it is sent, too.
	Link bool `json:"link,omitempty"`
}

// digest is of all that the message says and does, but its name.
func (s Say) digest() string {
	s.Step = ""
	body, err := json.Marshal(s)
	if err != nil {
		return "" // plain texts always encode
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:4])
}
