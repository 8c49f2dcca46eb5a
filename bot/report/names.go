package report

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxBase bounds a file name, in bytes; what unpacks an archive may add a long
// folder in front, and Windows allows 260 characters.
const maxBase = 80

// namer gives entries names that are safe and unique wherever the archive is
// unpacked: also where case, or the form of Unicode, makes no difference.
type namer struct {
	used map[string]bool
	next map[string]int // the number to try for a name that is taken
	fold cases.Caser
}

func newNamer() *namer {
	return &namer{used: map[string]bool{}, next: map[string]int{}, fold: cases.Fold()}
}

// key is the same for names that some file system takes for one.
func (n *namer) key(name string) string { return n.fold.String(norm.NFKC.String(name)) }

// unique makes folder/wish+ext of it.
func (n *namer) unique(folder, wish, ext string) string {
	base := safeBase(wish)
	name := path.Join(folder, base+ext)
	first := n.key(name)
	for key := first; ; key = n.key(name) {
		if !n.used[key] {
			n.used[key] = true
			return name
		}
		n.next[first] = max(n.next[first]+1, 2)
		name = path.Join(folder, fmt.Sprintf("%s-%d%s", base, n.next[first], ext))
	}
}

// safeBase keeps letters, digits and a few signs of a name.
func safeBase(wish string) string {
	wish = norm.NFC.String(strings.ToValidUTF8(wish, "-"))
	var b strings.Builder
	for _, r := range wish {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.Mn, r), strings.ContainsRune("._-", r):
		default:
			r = '-'
		}
		if b.Len()+utf8.RuneLen(r) > maxBase {
			break
		}
		b.WriteRune(r)
	}
	base := strings.Trim(b.String(), ".-_ ")
	if base == "" {
		return "file"
	}
	if reserved(base) {
		return "x-" + base
	}
	return base
}

// reserved are the names of devices on Windows, whatever follows a dot.
func reserved(base string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(base), ".")
	switch stem {
	case "con", "prn", "aux", "nul", "conin$", "conout$":
		return true
	}
	if len(stem) > 3 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) {
		rest := stem[3:]
		return utf8.RuneCountInString(rest) == 1 && strings.ContainsAny(rest, "0123456789¹²³")
	}
	return false
}

// mediaName splits a wished file name. Only endings that open in a player or
// viewer are kept: a recording named x.html must not run as a page.
func mediaName(wish string) (base, ext string) {
	wish = strings.ReplaceAll(wish, `\`, "/")
	wish = wish[strings.LastIndexByte(wish, '/')+1:]
	ext = strings.ToLower(path.Ext(wish))
	switch ext {
	case ".wav", ".mp3", ".m4a", ".ogg", ".oga", ".opus", ".flac", ".aac", ".amr", ".wma",
		".webm", ".mp4", ".mov", ".mkv", ".avi", ".3gp",
		".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".pdf", ".txt":
		return strings.TrimSuffix(wish, path.Ext(wish)), ext
	}
	return wish, ".bin"
}
