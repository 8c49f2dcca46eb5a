package report

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"privacydesk/bot"
)

// piece is one entry of an archive that a test takes apart.
type piece struct {
	local, localName, localExtra              []byte // the fixed 30 bytes, and what follows them
	data, behind                              []byte // behind: what an attacker puts there
	central, centralName, centralExtra, about []byte // the fixed 46 bytes, and what follows them
	at                                        int    // where the directory says it is; -1: where it is
}

// dissected is an archive that a test changes and puts together again, with
// lengths and offsets that fit.
type dissected struct {
	front, between, behind []byte
	pieces                 []*piece
	order                  []int // of the directory
	remark                 string
	records                int // that the end counts
}

var number = binary.LittleEndian

// dissect takes an archive of ours apart.
func dissect(t testing.TB, body []byte) *dissected {
	t.Helper()
	d := &dissected{}
	end := body[len(body)-zipEndSize:]
	dir := body[number.Uint32(end[16:]):]
	for bytes.HasPrefix(dir, []byte("PK\x01\x02")) {
		n := 46 + int(number.Uint16(dir[28:]))
		at := number.Uint32(dir[42:])
		head := body[at:]
		name := int(number.Uint16(head[26:]))
		data := head[30+name:][:number.Uint32(dir[20:])]
		d.pieces = append(d.pieces, &piece{
			local: bytes.Clone(head[:30]), localName: bytes.Clone(head[30 : 30+name]), data: bytes.Clone(data),
			central: bytes.Clone(dir[:46]), centralName: bytes.Clone(dir[46:n]), at: -1,
		})
		d.order = append(d.order, len(d.order))
		dir = dir[n:]
	}
	d.records = len(d.pieces)
	if !bytes.Equal(d.join(), body) {
		t.Fatal("what was taken apart does not fit together")
	}
	return d
}

func (d *dissected) join() []byte {
	out := bytes.Clone(d.front)
	starts := make([]int, len(d.pieces))
	for i, p := range d.pieces {
		starts[i] = len(out)
		number.PutUint16(p.local[26:], uint16(len(p.localName)))
		number.PutUint16(p.local[28:], uint16(len(p.localExtra)))
		out = slices.Concat(out, p.local, p.localName, p.localExtra, p.data, p.behind)
	}
	out = append(out, d.between...)
	from := len(out)
	for _, i := range d.order {
		p := d.pieces[i]
		number.PutUint16(p.central[28:], uint16(len(p.centralName)))
		number.PutUint16(p.central[30:], uint16(len(p.centralExtra)))
		number.PutUint16(p.central[32:], uint16(len(p.about)))
		at := starts[i]
		if p.at >= 0 {
			at = p.at
		}
		number.PutUint32(p.central[42:], uint32(at))
		out = slices.Concat(out, p.central, p.centralName, p.centralExtra, p.about)
	}
	end := make([]byte, zipEndSize)
	copy(end, zipEnd)
	number.PutUint16(end[8:], uint16(d.records))
	number.PutUint16(end[10:], uint16(d.records))
	number.PutUint32(end[12:], uint32(len(out)-from))
	number.PutUint32(end[16:], uint32(from))
	number.PutUint16(end[20:], uint16(len(d.remark)))
	return slices.Concat(out, end, []byte(d.remark), d.behind)
}

// both changes a number in both headers: at is its place in the local one.
func (p *piece) both(at int, change func(b []byte)) {
	change(p.local[at:])
	change(p.central[at+2:])
}

// repack replaces some contents by as many bytes, and fits the headers to them.
func (p *piece) repack(t testing.TB, old, with string) {
	plain := bytes.Replace(inflated(t, p.data), []byte(old), []byte(with), 1)
	p.data = deflated(t, plain)
	p.both(18, func(b []byte) { number.PutUint32(b, uint32(len(p.data))) })
	p.both(14, func(b []byte) { number.PutUint32(b, crcOf(plain)) })
}

// unicodePath is Info-ZIP's extra field by which unpackers take another name.
func unicodePath(old []byte, name string) []byte {
	field := []byte{0x75, 0x70, 0, 0, 1}
	number.PutUint16(field[2:], uint16(5+len(name)))
	field = number.AppendUint32(field, crcOf(old))
	return append(field, name...)
}

func zip64Extra() []byte { return append([]byte{1, 0, 16, 0}, make([]byte, 16)...) }

// TestVerifyRefusesWhatOurWriterDoesNotMake: each could make unpackers show
// something else than what was signed, or run longer than what was signed.
func TestVerifyRefusesWhatOurWriterDoesNotMake(t *testing.T) {
	p := openPlace(t, Options{})
	body := p.read(p.access(small(p), 1<<20, 1)[0])
	put16 := func(v uint16) func([]byte) { return func(b []byte) { number.PutUint16(b, v) } }
	put32 := func(v uint32) func([]byte) { return func(b []byte) { number.PutUint32(b, v) } }
	for what, change := range map[string]func(d *dissected){
		"another name by an extra field, in front": func(d *dissected) {
			d.pieces[0].localExtra = unicodePath(d.pieces[0].localName, "setup.html")
		},
		"another name by an extra field, in the directory": func(d *dissected) {
			d.pieces[0].centralExtra = unicodePath(d.pieces[0].localName, "setup.html")
		},
		"another name by extra fields, the name no UTF-8": func(d *dissected) {
			p := d.pieces[1]
			p.localExtra = unicodePath(p.localName, "index.html")
			p.centralExtra = p.localExtra
			p.both(6, put16(0))
		},
		"an extra field for large files that needs none": func(d *dissected) { d.pieces[0].centralExtra = zip64Extra() },
		"times of last access":                           func(d *dissected) { d.pieces[0].localExtra = []byte{0x55, 0x54, 1, 0, 0} },
		"a set-user-id file":                             func(d *dissected) { put32((0o104755 << 16))(d.pieces[0].central[38:]) },
		"a link":                                         func(d *dissected) { put32(0o120777 << 16)(d.pieces[0].central[38:]) },
		"a hidden file":                                  func(d *dissected) { d.pieces[0].central[38] |= 2 },
		"a text file":                                    func(d *dissected) { put16(1)(d.pieces[0].central[36:]) },
		"made by another system":                         func(d *dissected) { put16(0x0b14)(d.pieces[0].central[4:]) },
		"wants a newer unpacker":                         func(d *dissected) { d.pieces[0].both(4, put16(63)) },
		"said to be encrypted, in the directory":         func(d *dissected) { d.pieces[0].central[8] |= 1 },
		"said to be encrypted, in front":                 func(d *dissected) { d.pieces[0].local[6] |= 1 },
		"said to be encrypted":                           func(d *dissected) { d.pieces[0].both(6, put16(0x801)) },
		"names are no UTF-8":                             func(d *dissected) { d.pieces[0].both(6, put16(0)) },
		"a method in front that is not the directory's":  func(d *dissected) { put16(0)(d.pieces[0].local[8:]) },
		"another method":                                 func(d *dissected) { d.pieces[0].both(8, put16(9)) },
		"stored instead of packed":                       func(d *dissected) { d.pieces[0].both(8, put16(0)) },
		"another time of one file":                       func(d *dissected) { d.pieces[1].both(10, put16(0x1234)) },
		"another sum":                                    func(d *dissected) { d.pieces[0].both(14, put32(0xdeadbeef)) },
		"no sum":                                         func(d *dissected) { d.pieces[0].both(14, put32(0)) },
		"another size":                                   func(d *dissected) { d.pieces[0].both(22, put32(1)) },
		"on another disk":                                func(d *dissected) { put16(1)(d.pieces[0].central[34:]) },
		"a descriptor behind the data": func(d *dissected) {
			p := d.pieces[0]
			p.behind = slices.Concat([]byte("PK\x07\x08"), p.local[14:26])
			p.both(6, put16(0x808))
		},
		"another name in front": func(d *dissected) { d.pieces[0].localName = []byte("setup.html") },
		"another name": func(d *dissected) {
			d.pieces[0].localName = []byte("setup.html")
			d.pieces[0].centralName = []byte("setup.html")
		},
		"a remark on a file":       func(d *dissected) { d.pieces[0].about = []byte("call +1 900 555 to unlock") },
		"a remark":                 func(d *dissected) { d.remark = "call +1 900 555 to unlock" },
		"something in front":       func(d *dissected) { d.front = []byte("PK, see page 2") },
		"something behind":         func(d *dissected) { d.behind = []byte("see page 2") },
		"something between files":  func(d *dissected) { d.pieces[0].behind = []byte("PK\x03\x04") },
		"something before the end": func(d *dissected) { d.between = []byte("see page 2") },
		"something behind the packed data": func(d *dissected) {
			p := d.pieces[0]
			p.data = append(p.data, "MZ see page 2"...)
			p.both(18, put32(uint32(len(p.data))))
		},
		"something behind the packed manifest": func(d *dissected) {
			p := d.pieces[len(d.pieces)-1]
			p.data = append(p.data, "MZ see page 2"...)
			p.both(18, put32(uint32(len(p.data))))
		},
		"a file that the directory does not name": func(d *dissected) { d.order = d.order[1:]; d.records-- },
		"a file twice in the directory":           func(d *dissected) { d.order = append(d.order, 0); d.records++ },
		"one file less than is counted":           func(d *dissected) { d.records++ },
		"a file twice": func(d *dissected) {
			d.pieces = append(d.pieces, d.pieces[0])
			d.order = append(d.order, len(d.order))
			d.records++
		},
		"two names over one file":        func(d *dissected) { d.pieces[1].at = 0 },
		"another order of the directory": func(d *dissected) { d.order[0], d.order[1] = 1, 0 },
		"another order":                  func(d *dissected) { d.pieces[0], d.pieces[1] = d.pieces[1], d.pieces[0] },
		"another content of the same size": func(d *dissected) {
			d.pieces[0].repack(t, "<html", "<htmL")
		},
		"a second end": func(d *dissected) { d.behind = body[len(body)-zipEndSize:] },
		"the manifest by another name": func(d *dissected) {
			p := d.pieces[len(d.pieces)-1]
			p.localName, p.centralName = []byte("manifest.txt"), []byte("manifest.txt")
		},
		"stored, and said to be packed by a method that we don't know": func(d *dissected) {
			for _, p := range d.pieces {
				if p.local[8] == 0 {
					p.both(8, put16(12))
				}
			}
		},
		"the manifest not the last": func(d *dissected) { slices.Reverse(d.pieces) },
		"a folder": func(d *dissected) {
			f := &piece{local: bytes.Clone(d.pieces[0].local), central: bytes.Clone(d.pieces[0].central), at: -1}
			for _, at := range []int{14, 18, 22} {
				f.both(at, put32(0))
			}
			f.both(8, put16(0))
			f.localName, f.centralName = []byte("systems/"), []byte("systems/")
			d.pieces, d.order, d.records = append([]*piece{f}, d.pieces...), append(d.order, len(d.order)), d.records+1
		},
	} {
		d := dissect(t, body)
		change(d)
		bad := d.join()
		if bytes.Equal(bad, body) {
			t.Fatalf("%s: nothing was changed", what)
		}
		for _, trusted := range [][]byte{p.keys.PublicKey(), nil} {
			if v, err := Verify(bytes.NewReader(bad), int64(len(bad)), trusted); err == nil && v.OK() {
				t.Errorf("%s: verified", what)
			}
		}
	}
}

// TestVerifyNoticesEveryFlippedBitOfTheFrame, of each header and of the end.
func TestVerifyNoticesEveryFlippedBitOfTheFrame(t *testing.T) {
	p := openPlace(t, Options{})
	body := p.read(p.access(small(p), 1<<20, 1)[0])
	contents := map[int]bool{}
	pos := 0
	for _, piece := range dissect(t, body).pieces {
		pos += len(piece.local) + len(piece.localName)
		for range piece.data {
			contents[pos] = true
			pos++
		}
	}
	flipped := 0
	for at := range body {
		if contents[at] {
			continue
		}
		for bit := range 8 {
			body[at] ^= 1 << bit
			if v, err := Verify(bytes.NewReader(body), int64(len(body)), p.keys.PublicKey()); err == nil && v.OK() {
				t.Errorf("bit %d of byte %d is not noticed", bit, at)
			}
			body[at] ^= 1 << bit
			flipped++
		}
	}
	if flipped < 5000 {
		t.Errorf("only %d bits belong to the frame", flipped)
	}
}

// TestVerifyNoticesWhatUnpacksToSomethingElse flips bits anywhere: what still
// verifies unpacks, by a reader that is not ours, to the same.
func TestVerifyNoticesWhatUnpacksToSomethingElse(t *testing.T) {
	p := openPlace(t, Options{})
	body := p.read(p.access(small(p), 1<<20, 1)[0])
	want := contentsOf(t, body)
	rapid.Check(t, func(t *rapid.T) {
		bad := bytes.Clone(body)
		for range rapid.IntRange(1, 3).Draw(t, "flips") {
			bad[rapid.IntRange(0, len(bad)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		}
		if bytes.Equal(bad, body) {
			return
		}
		if v, err := Verify(bytes.NewReader(bad), int64(len(bad)), p.keys.PublicKey()); err == nil && v.OK() && contentsOf(t, bad) != want {
			t.Fatal("it verifies, and unpacks to something else")
		}
	})
}

func FuzzVerifyAltered(f *testing.F) {
	p := openPlace(f, Options{})
	body := p.read(p.access(small(p), 1<<20, 1)[0])
	want := contentsOf(f, body)
	f.Add(uint(0), []byte("PK\x03\x04"))
	f.Add(uint(6), []byte{0, 0})
	f.Add(uint(len(body)-zipEndSize), []byte("PK\x06\x06"))
	f.Fuzz(func(t *testing.T, at uint, with []byte) {
		bad := bytes.Clone(body)
		copy(bad[at%uint(len(bad)):], with)
		if bytes.Equal(bad, body) {
			return
		}
		if v, err := Verify(bytes.NewReader(bad), int64(len(bad)), p.keys.PublicKey()); err == nil && v.OK() && contentsOf(t, bad) != want {
			t.Fatal("it verifies, and unpacks to something else")
		}
	})
}

// contentsOf is what a common unpacker shows of an archive.
func contentsOf(t interface{ Fatal(args ...any) }, body []byte) string {
	var out strings.Builder
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%q %v %v %q\n", f.Name, f.Mode(), f.Modified.Format(time.DateTime), text)
	}
	return out.String()
}

// counting is a reader that tells how much was read.
type counting struct {
	*bytes.Reader
	read int64
}

func (c *counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.Reader.ReadAt(p, off)
	c.read += int64(n)
	return n, err
}

// TestVerifyUnpacksNothingUnsigned: many names over one bomb, and a bomb in a
// good frame that nobody, or somebody else, signed.
func TestVerifyUnpacksNothingUnsigned(t *testing.T) {
	p := openPlace(t, Options{})
	body := p.read(p.access(small(p), 1<<20, 1)[0])
	verify := func(bad []byte) (Verdict, int64, error) {
		r := &counting{Reader: bytes.NewReader(bad)}
		v, err := Verify(r, int64(len(bad)), p.keys.PublicKey())
		return v, r.read, err
	}
	many := dissect(t, body)
	for i := range 20 {
		first := many.pieces[0]
		many.order, many.records = append(many.order, len(many.pieces)), many.records+1
		many.pieces = append(many.pieces, &piece{ // a header without data, and a name in the directory for the first entry's
			local: bytes.Clone(first.local), central: bytes.Clone(first.central), centralName: fmt.Appendf(nil, "bomb-%d", i), at: 0,
		})
	}
	if v, read, err := verify(many.join()); err == nil && v.OK() || read > 4*int64(len(body)) {
		t.Errorf("twenty names over one entry: %+v, %v, after %d bytes of %d", v, err, read, len(body))
	}
	forger := forgedPlace(t)
	forged := forger.read(forger.access(small(forger), 1<<20, 1)[0])
	altered := dissect(t, body)
	altered.pieces[len(altered.pieces)-1].repack(t, `"part": 1`, `"part": 2`)
	for what, bad := range map[string][]byte{"by another": forged, "not any more": altered.join()} {
		v, _, err := verify(bad)
		if err != nil || v.OK() || v.Files != 0 {
			t.Errorf("signed %s: %d files were unpacked, %+v, %v", what, v.Files, v, err)
		}
	}
}

// TestVerifyIsBounded: what is larger than any of ours is not even looked into.
func TestVerifyIsBounded(t *testing.T) {
	large := &counting{Reader: bytes.NewReader([]byte("PK\x03\x04"))}
	if _, err := Verify(large, 1<<40, nil); !errors.Is(err, ErrUnknownFile) || large.read > 100 {
		t.Errorf("an archive of a terabyte: %v, after %d bytes", err, large.read)
	}
	wide := make([]byte, maxDirectory+1000)
	copy(wide, "PK\x03\x04")
	copy(wide[len(wide)-zipEndSize:], zipEnd)
	directory := &counting{Reader: bytes.NewReader(wide)}
	if _, err := Verify(directory, int64(len(wide)), nil); !errors.Is(err, errLayout) || directory.read > 100 {
		t.Errorf("an archive that is nothing but a directory: %v, after %d bytes", err, directory.read)
	}
}

func inflated(t testing.TB, packed []byte) []byte {
	t.Helper()
	out, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func deflated(t testing.TB, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestVerifyHoldsTheOrder, also of files that are alike.
func TestVerifyHoldsTheOrder(t *testing.T) {
	file := func(name string) *zip.File {
		return &zip.File{FileHeader: zip.FileHeader{Name: name, UncompressedSize64: 3}}
	}
	named := []manifestFile{{"a", 3, ""}, {"b", 3, ""}}
	for want, files := range map[bool][]*zip.File{true: {file("a"), file("b")}, false: {file("b"), file("a")}} {
		var v Verdict
		if v.checkNames(files, named); v.OK() != want {
			t.Errorf("%v: %q", files, v.Problems)
		}
	}
}

// ofBefore signed testdata/of-before.zip.
const ofBefore = "gQZOVNLYJdHb3/AZFuwWHDI9ClILnVBQYadLA8OjBbM="

// TestReportsOfBeforeVerify: a report that an older version made is as good as
// it was, whatever builds the program that looks at it.
func TestReportsOfBeforeVerify(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString(ofBefore)
	if err != nil {
		t.Fatal(err)
	}
	v, err := VerifyFile("testdata/of-before.zip", key)
	if err != nil || !v.OK() || !v.Trusted || v.Files != 7 {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestVerifyAReportOfAFormerKey, which the key of today vouches for.
func TestVerifyAReportOfAFormerKey(t *testing.T) {
	p := openPlace(t, Options{})
	body := p.read(p.access(small(p), 1<<20, 1)[0])
	h, err := p.keys.RenewSigning()
	if err != nil {
		t.Fatal(err)
	}
	for want, handovers := range map[bool][]bot.Handover{true: {h}, false: nil} {
		v, err := Verify(bytes.NewReader(body), int64(len(body)), p.keys.PublicKey(), handovers...)
		if err != nil || v.OK() != want || v.Trusted != want || v.Files != map[bool]int{true: 7}[want] {
			t.Errorf("%d handovers: %+v, %v", len(handovers), v, err)
		}
	}
}
