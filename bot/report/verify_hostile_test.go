package report

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
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

// packed packs entries with data descriptors, or without.
func packed(t testing.TB, entries map[string]string, streamed bool, more func(*zip.Writer)) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		var w io.Writer
		var err error
		if streamed {
			w, err = z.Create(name)
		} else {
			w, err = z.CreateRaw(stored(name, entries[name]))
		}
		if err == nil {
			_, err = io.WriteString(w, entries[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if more != nil {
		more(z)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestVerifySeesWhatUnpackersSee: what lies in an archive beside the entries
// that its directory names comes out in unpackers that read from the start.
func TestVerifySeesWhatUnpackersSee(t *testing.T) {
	p := openPlace(t, Options{})
	name := p.access(small(p), 1<<20, 1)[0]
	body, entries := p.read(name), p.unpack(name)
	check := func(body []byte) (Verdict, error) {
		return Verify(bytes.NewReader(body), int64(len(body)), p.keys.PublicKey())
	}
	extra := packed(t, map[string]string{"setup.exe": "MZ"}, false, nil)
	extra = extra[:bytes.Index(extra, []byte("PK\x01\x02"))]
	for what, bad := range map[string][]byte{
		"an entry in front":                 slices.Concat(extra, body),
		"a word in front":                   slices.Concat([]byte("PK, see page 2"), body),
		"another name in front of the data": bytes.Replace(body, []byte("index.html"), []byte("setup.html"), 1),
		"a remark for unpackers":            packed(t, entries, true, func(z *zip.Writer) { _ = z.SetComment("call +1 900 555 to unlock") }),
		"an empty file more":                packed(t, entries, true, func(z *zip.Writer) { _, _ = z.Create("setup.exe") }),
		"a link in place of a file": packed(t, without(entries, "index.html"), true, func(z *zip.Writer) {
			h := stored("index.html", entries["index.html"])
			h.SetMode(0o777 | 1<<27) // a symbolic link
			w, err := z.CreateRaw(h)
			if err == nil {
				_, err = io.WriteString(w, entries["index.html"])
			}
			if err != nil {
				t.Fatal(err)
			}
		}),
	} {
		if bytes.Equal(bad, body) {
			t.Fatalf("%s: nothing was changed", what)
		}
		if v, err := check(bad); err == nil && v.OK() {
			t.Errorf("%s: verified", what)
		}
	}
	for what, good := range map[string][]byte{
		"streamed":     packed(t, entries, true, nil),
		"stored":       packed(t, entries, false, nil),
		"with folders": packed(t, entries, true, func(z *zip.Writer) { _, _ = z.Create("systems/") }),
	} {
		if v, err := check(good); err != nil || !v.OK() {
			t.Errorf("packed anew, %s: %+v, %v", what, v, err)
		}
	}
}

func without(entries map[string]string, name string) map[string]string {
	entries = maps.Clone(entries)
	delete(entries, name)
	return entries
}
