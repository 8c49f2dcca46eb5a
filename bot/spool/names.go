package spool

import (
	"strings"

	"privacydesk/connectors"
)

// Bounds of names, in bytes. A name becomes one file name, which most file
// systems bound by 255.
const (
	maxRequest = 64
	maxName    = 200
)

// tempMark begins the names of unfinished files; no legal name contains it.
// It also stands for the slash, which no legal name begins with.
const tempMark = "+"

// checkRequest refuses ids that could leave the folder or clash on a file
// system that ignores case.
func checkRequest(id string) error {
	if id == "" || len(id) > maxRequest || !allOf(id, isNameByte) || strings.Contains(id, "..") || id[0] == '.' {
		return connectors.Sayf(nil, "spool: request id %q: it must be 1 to %d of [a-z0-9._-], without a leading dot and without \"..\"", id, maxRequest)
	}
	return nil
}

// fileName turns a spool name into the name of a file in the request's folder.
func fileName(name string) (string, error) {
	if name == "" || len(name) > maxName || strings.Contains(name, "..") {
		return "", badName(name)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || !allOf(part, isNameByte) {
			return "", badName(name)
		}
	}
	return strings.ReplaceAll(name, "/", tempMark), nil
}

// spoolName reverses fileName; ok is false for unfinished and foreign files.
func spoolName(file string) (name string, ok bool) {
	name = strings.ReplaceAll(file, tempMark, "/")
	back, err := fileName(name)
	return name, err == nil && back == file
}

func badName(name string) error {
	return connectors.Sayf(nil, "spool: file name %q: it must be 1 to %d bytes, parts of [a-z0-9._-] with single slashes between them and without \"..\"", name, maxName)
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-'
}

func allOf(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}
