package zendesk_test

import (
	"bytes"
	"fmt"
	"io"
)

func ticketPath(id int64) string { return fmt.Sprintf("/api/v2/tickets/%d.json", id) }

func jsonReader(b []byte) io.Reader { return bytes.NewReader(b) }
