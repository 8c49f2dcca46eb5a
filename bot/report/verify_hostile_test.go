package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestVerifyReadsWhatOthersRead: readers differ in how they take names that
// differ in case alone, and names that are not known. No such envelope passes.
func TestVerifyReadsWhatOthersRead(t *testing.T) {
	p := openPlace(t, Options{})
	body, _ := p.certify(erased(nil))
	var env map[string]json.RawMessage
	if err := json.Unmarshal(body, &env); err != nil {
		t.Fatal(err)
	}
	fake := bytes.Replace(env["document"], []byte(`"deleted": 3`), []byte(`"deleted": 9`), 1)
	join := func(parts ...string) []byte { return []byte("{" + strings.Join(parts, ",") + "}") }
	doc, sig := string(env["document"]), `"signature":`+string(env["signature"])
	for name, bad := range map[string][]byte{
		"a second document before it":    join(`"document":`+string(fake), `"Document":`+doc, sig),
		"a second document behind it":    join(`"Document":`+doc, `"document":`+string(fake), sig),
		"the document by another name":   join(`"DOCUMENT":`+doc, sig),
		"an unsigned remark":             join(`"remark":"all backups are clean"`, `"document":`+doc, sig),
		"an unsigned remark further in":  join(`"document":`+doc, strings.Replace(sig, `"key_id"`, `"remark":"clean","key_id"`, 1)),
		"another key's id, by case":      join(`"document":`+doc, strings.Replace(sig, `"key_id"`, `"KEY_ID":"00","key_id"`, 1)),
		"bytes that are no UTF-8 (name)": bytes.Replace(body, []byte(`"Customers"`), []byte("\"Customers\xff\""), 1),
	} {
		if bytes.Equal(bad, body) {
			t.Fatalf("%s: nothing was changed", name)
		}
		v, err := Verify(bytes.NewReader(bad), int64(len(bad)), p.keys.PublicKey())
		if err == nil && v.OK() {
			t.Errorf("%s: verified", name)
		}
	}
	same := join(sig, `"document":`+doc)
	if v, err := Verify(bytes.NewReader(same), int64(len(same)), p.keys.PublicKey()); err != nil || !v.OK() {
		t.Errorf("in another order: %+v, %v", v, err)
	}
}
