package spool

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// Options of a Folder.
type Options struct {
	// Dir is the folder; it is made if it is missing, with access for our own
	// user alone.
	Dir string
	// Rand is the source of salts and temporary names; nil for crypto/rand.
	Rand io.Reader

	disk disk
}

// Folder is a bot.Spool in a folder of a file system.
//
//	DIR/identity               a random id, by which replicas know each other's folder
//	DIR/requests/ID/NAME       a file; NAME has + for each slash
//	DIR/requests/ID/+RANDOM    an unfinished file
//	DIR/exchange/ID            what a replica left for others to read, see Post
type Folder struct {
	dir  string // of the requests
	top  string
	rand io.Reader
	disk disk
	keys bot.Keys
	id   string
}

var _ bot.Spool = (*Folder)(nil)

// Open opens or makes the folder. keys gives the requests' keys.
func Open(o Options, keys bot.Keys) (*Folder, error) {
	if o.Dir == "" {
		return nil, connectors.Said("spool: no folder is configured; set its dir")
	}
	f := &Folder{top: o.Dir, dir: filepath.Join(o.Dir, "requests"), rand: o.Rand, disk: o.disk, keys: keys}
	if f.rand == nil {
		f.rand = rand.Reader
	}
	if f.disk == nil {
		f.disk = osDisk{}
	}
	if err := makeFolders(f.disk, f.top, f.dir); err != nil {
		return nil, connectors.Sayf(err, "spool: folder %s", o.Dir)
	}
	if err := removeTemps(f.dir, "probe"); err != nil {
		return nil, connectors.Sayf(err, "spool: folder %s", o.Dir)
	}
	id, err := identity(f.disk, f.rand, f.top)
	if err != nil {
		return nil, connectors.Sayf(err, "spool: folder %s", o.Dir)
	}
	f.id = id
	return f, nil
}

// Identity is the folder's random id. Replicas that show different ones don't
// share their spool, and must not work on the same requests.
func (f *Folder) Identity() string { return f.id }

// Check tells whether the folder is still there, and still the same one.
func (f *Folder) Check() error {
	if err := samePlace(f.top, f.id); err != nil {
		return connectors.Sayf(err, "spool: folder %s", f.top)
	}
	return nil
}

func (f *Folder) folderOf(request string) string { return filepath.Join(f.dir, request) }

// fail makes an error that names the place, and nothing else.
func fail(op, request, name string, err error) error {
	return connectors.Sayf(err, "spool: %s %s of %s", op, cmp.Or(name, "the files"), request)
}

// Create implements bot.Spool.
func (f *Folder) Create(ctx context.Context, request, name string) (bot.SpoolWriter, error) {
	key, file, err := f.prepare(ctx, request, name)
	if err != nil {
		return nil, err
	}
	header := make([]byte, headerSize)
	copy(header, magic)
	if _, err := io.ReadFull(f.rand, header[len(magic):]); err != nil {
		return nil, fail("create", request, name, err)
	}
	aead, err := fileCipher(key, header, request, name)
	if err != nil {
		return nil, fail("create", request, name, err)
	}
	if err := os.Mkdir(f.folderOf(request), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fail("create", request, name, err)
	}
	random, err := randomName(f.rand)
	if err != nil {
		return nil, fail("create", request, name, err)
	}
	temp := filepath.Join(f.folderOf(request), tempMark+random)
	out, err := f.disk.create(temp)
	if err != nil {
		return nil, fail("create", request, name, err)
	}
	w := &writer{
		folder: f, request: request, name: name, out: out,
		temp: temp, path: filepath.Join(f.folderOf(request), file),
		sealer: newSealer(out, aead),
	}
	if _, err := out.Write(header); err != nil {
		w.Discard()
		return nil, fail("write", request, name, err)
	}
	return w, nil
}

// prepare checks both names and fetches the key of the request's files.
func (f *Folder) prepare(ctx context.Context, request, name string) (key []byte, file string, err error) {
	if err := checkRequest(request); err != nil {
		return nil, "", err
	}
	if file, err = fileName(name); err != nil {
		return nil, "", err
	}
	key, err = f.keys.Derive(ctx, request, "spool")
	if err != nil {
		return nil, "", connectors.Sayf(err, "spool: %s of %s", name, request)
	}
	return key, file, nil
}

// Open implements bot.Spool.
func (f *Folder) Open(ctx context.Context, request, name string) (io.ReadCloser, error) {
	key, file, err := f.prepare(ctx, request, name)
	if err != nil {
		return nil, err
	}
	in, err := os.Open(filepath.Join(f.folderOf(request), file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, connectors.Sayf(bot.ErrNotFound, "spool: %s of %s", name, request)
	}
	if err != nil {
		return nil, fail("open", request, name, err)
	}
	r, err := openReader(in, key, request, name)
	if err != nil {
		return nil, errors.Join(fail("open", request, name, err), in.Close())
	}
	return r, nil
}

// List implements bot.Spool.
func (f *Folder) List(_ context.Context, request string) ([]bot.SpoolFile, error) {
	if err := checkRequest(request); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(f.folderOf(request))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fail("list", request, "", err)
	}
	var out []bot.SpoolFile
	for _, e := range entries {
		name, ok := spoolName(e.Name())
		if !ok {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, fail("list", request, name, err)
		}
		size, err := plainSize(info.Size())
		if err != nil {
			return nil, fail("list", request, name, err)
		}
		out = append(out, bot.SpoolFile{Name: name, Size: size})
	}
	slices.SortFunc(out, func(a, b bot.SpoolFile) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// Remove implements bot.Spool.
func (f *Folder) Remove(_ context.Context, request, name string) error {
	if err := checkRequest(request); err != nil {
		return err
	}
	file, err := fileName(name)
	if err != nil {
		return err
	}
	err = os.Remove(filepath.Join(f.folderOf(request), file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = f.disk.syncFolder(f.folderOf(request))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail("remove", request, name, err)
	}
	return nil
}

// Destroy implements bot.Spool. It unlinks; that the blocks are overwritten
// can't be promised on today's disks, and need not be: what makes the files
// unreadable is the destruction of the request's key.
func (f *Folder) Destroy(ctx context.Context, request string) error {
	if err := checkRequest(request); err != nil {
		return err
	}
	dir := f.folderOf(request)
	// RemoveAll takes also what appears while it runs, by trying again.
	if err := os.RemoveAll(dir); err != nil {
		return fail("destroy", request, "", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f.disk.syncFolder(f.dir); err != nil {
		return fail("destroy", request, "", err)
	}
	return nil
}

// Requests implements bot.Spool.
func (f *Folder) Requests(_ context.Context) ([]string, error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return nil, connectors.Sayf(err, "spool: list requests")
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && checkRequest(e.Name()) == nil {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

// Clean removes unfinished files that were last written before the given
// time: what a process that died left behind. It returns how many.
func (f *Folder) Clean(ctx context.Context, before time.Time) (int, error) {
	if err := cleanExchange(f.top, before); err != nil {
		return 0, connectors.Sayf(err, "spool: clean")
	}
	requests, err := f.Requests(ctx)
	if err != nil {
		return 0, err
	}
	removed := 0
	for _, request := range requests {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		n, err := f.cleanRequest(request, before)
		removed += n
		if err != nil {
			return removed, fail("clean", request, "", err)
		}
	}
	return removed, nil
}

func (f *Folder) cleanRequest(request string, before time.Time) (removed int, err error) {
	entries, err := os.ReadDir(f.folderOf(request))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempMark) {
			continue
		}
		info, err := e.Info()
		if err != nil || !info.ModTime().Before(before) {
			continue // finished, gone or still being written
		}
		err = os.Remove(filepath.Join(f.folderOf(request), e.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// makeFolders makes folders, each inside the one before it, closed to others,
// and durable. Only the last one is ours whatever it was before: the first may
// be a mount point that belongs to somebody else.
func makeFolders(d disk, dirs ...string) error {
	if err := makePath(d, filepath.Clean(dirs[0])); err != nil {
		return err
	}
	for _, dir := range dirs[1:] {
		if err := makePath(d, dir); err != nil {
			return err
		}
		if err := os.Chmod(dir, 0o700); err != nil { // #nosec G302 -- a folder needs x
			return err
		}
	}
	return nil
}

// makePath makes a folder and what is missing above it. Whoever made the
// folder may not have lived to sync the one above it.
func makePath(d disk, dir string) error {
	above := filepath.Dir(dir)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && above != dir {
		if err := makePath(d, above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.syncFolder(above)
}

// randomName is 24 hex digits.
func randomName(r io.Reader) (string, error) {
	var b [12]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return "", connectors.Sayf(err, "no randomness")
	}
	return hex.EncodeToString(b[:]), nil
}
