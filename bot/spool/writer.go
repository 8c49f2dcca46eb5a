package spool

import (
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// writer is an unfinished file.
type writer struct {
	*sealer
	folder        *Folder
	request, name string
	temp, path    string
	out           outFile
	over          bool
}

var errOver error = connectors.Said("it was already committed or discarded")

func (w *writer) Write(p []byte) (int, error) {
	if w.over {
		return 0, fail("write", w.request, w.name, errOver)
	}
	n, err := w.sealer.Write(p)
	if err != nil {
		return n, fail("write", w.request, w.name, err)
	}
	return n, nil
}

// Commit is durable when it returns nil: first the contents, then the name,
// then the request's folder, which may be new.
func (w *writer) Commit() (bot.SpoolFile, error) {
	if w.over {
		return bot.SpoolFile{}, fail("commit", w.request, w.name, errOver)
	}
	if err := w.commit(); err != nil {
		w.Discard()
		return bot.SpoolFile{}, fail("commit", w.request, w.name, err)
	}
	w.over = true
	return bot.SpoolFile{Name: w.name, Size: w.size, SHA256: hex.EncodeToString(w.sum.Sum(nil))}, nil
}

func (w *writer) commit() error {
	if err := w.flush(true); err != nil {
		return err
	}
	if err := w.out.Sync(); err != nil {
		return err
	}
	if err := w.out.Close(); err != nil {
		return err
	}
	if err := w.folder.disk.rename(w.temp, w.path); err != nil {
		return err
	}
	if err := w.folder.disk.syncFolder(w.folder.folderOf(w.request)); err != nil {
		return err
	}
	// Whoever made the request's folder may not have lived to sync it.
	return w.folder.disk.syncFolder(w.folder.dir)
}

// Discard implements bot.SpoolWriter.
func (w *writer) Discard() {
	if w.over {
		return
	}
	w.over = true
	// What can't be closed or removed now is removed by Clean or Destroy.
	_ = w.out.Close()
	_ = os.Remove(w.temp)
}

// reader is a committed file.
type reader struct {
	*opener
	in            io.Closer
	request, name string
}

func openReader(in fs.File, key []byte, request, name string) (*reader, error) {
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if _, err := plainSize(info.Size()); err != nil {
		return nil, err
	}
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(in, header); err != nil {
		return nil, err
	}
	if string(header[:len(magic)]) != magic {
		return nil, connectors.Sayf(errDamaged, "it is no spool file of this version, or was damaged")
	}
	aead, err := fileCipher(key, header, request, name)
	if err != nil {
		return nil, err
	}
	return &reader{opener: newOpener(in, aead, info.Size()-int64(headerSize)), in: in, request: request, name: name}, nil
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.opener.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fail("read", r.request, r.name, err)
	}
	return n, err
}

func (r *reader) Close() error { return r.in.Close() }
