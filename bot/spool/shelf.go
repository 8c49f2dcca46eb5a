package spool

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// errLocked: others hold the shelf's lock.
var errLocked error = connectors.Said("another process is at work on it")

// KeysOptions say where the shelf is and what opens it.
type KeysOptions struct {
	// Dir is the folder; it is made if it is missing. It must not lie in what
	// Redis backs up, nor in the spool's folder's backups: a backup of it
	// brings destroyed keys back.
	Dir string
	// Masters, the newest first. The newest wraps what is new; all open what
	// they wrapped.
	Masters []MasterKey
	// Clock dates the last use of tenants' keys; nil for time.Now.
	Clock func() time.Time
	// Rand is the source of all keys; nil for crypto/rand.
	Rand io.Reader

	disk disk
}

// Shelf is a bot.Keys in a folder.
//
//	DIR/identity         a random id, by which replicas know each other's shelf; made last, so that a shelf that has one is whole
//	DIR/vouched          says that all that the store keeps bears codes
//	DIR/lock             held exclusively while keys are rewrapped or retired
//	DIR/masters/ID       a check value of each master that wraps something
//	DIR/root, DIR/sign   wrapped: of markers and codes; of certificates, with the handovers from the keys before it
//	DIR/keys/ID          wrapped: a request's key
//	DIR/tenants/HASH     wrapped: a tenant's key; its time of change is its last use
//
// Requests' and tenants' keys are read anew for each use and kept nowhere:
// once one is destroyed, no replica has it.
type Shelf struct {
	dir   string
	ring  *ring
	clock func() time.Time
	rand  io.Reader
	disk  disk
	id    string

	demands atomic.Bool
	markKey []byte
	// codeKey authenticates what the store keeps.
	codeKey []byte
	// sealKey seals what belongs to the installation and to no request.
	sealKey []byte
	signKey atomic.Pointer[ed25519.PrivateKey] // as it was last read
}

var (
	_ bot.Keys          = (*Shelf)(nil)
	_ bot.Authenticator = (*Shelf)(nil)
)

// OpenKeys opens or makes a shelf. A master key that is not the one that was
// used before, and a missing one that still wraps something, are errors.
func OpenKeys(o KeysOptions) (*Shelf, error) {
	if o.Dir == "" {
		return nil, connectors.Said("key shelf: no folder is configured; set its dir")
	}
	r, err := newRing(o.Masters)
	if err != nil {
		return nil, err
	}
	s := &Shelf{dir: o.Dir, ring: r, clock: o.Clock, rand: o.Rand, disk: o.disk}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	if s.disk == nil {
		s.disk = osDisk{}
	}
	if err := s.open(); err != nil {
		return nil, connectors.Sayf(err, "key shelf %s", o.Dir)
	}
	return s, nil
}

const (
	requestsDir = "keys"
	tenantsDir  = "tenants"
	mastersDir  = "masters"
)

func (s *Shelf) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

func (s *Shelf) open() error {
	for _, sub := range []string{requestsDir, tenantsDir, mastersDir} {
		if err := makeFolders(s.disk, s.dir, s.path(sub)); err != nil {
			return err
		}
	}
	if err := s.shared(s.checkMasters); err != nil {
		return err
	}
	if err := s.clean(); err != nil {
		return err
	}
	if err := s.shared(s.openInstallation); err != nil {
		return err
	}
	return s.seeVouched()
}

// Identity is the shelf's random id. Replicas that show different ones don't
// share their keys, and must not work on the same requests.
func (s *Shelf) Identity() string { return s.id }

// Check tells whether the shelf is still there, and still the same one.
func (s *Shelf) Check() error {
	if err := samePlace(s.dir, s.id); err != nil {
		return connectors.Sayf(err, "key shelf %s", s.dir)
	}
	return nil
}

// checkMasters compares the configured masters with those that were used.
func (s *Shelf) checkMasters() error {
	entries, err := os.ReadDir(s.path(mastersDir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if checkRequest(e.Name()) != nil {
			continue
		}
		if _, ok := s.ring.aeads[e.Name()]; !ok {
			return connectors.Sayf(nil, "master key %q still wraps keys and is not configured; put it back after the newest one, run `privacydesk keys rotate`, and remove it then", e.Name())
		}
	}
	for _, m := range s.ring.all {
		used, err := os.ReadFile(s.path(mastersDir, m.ID))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if string(bytes.TrimSpace(used)) != m.checkValue() {
			return connectors.Sayf(nil, "master key %q is not the one that was used before; restore the right one, or give the new one an id of its own", m.ID)
		}
	}
	return s.enroll()
}

// enroll notes that the newest master wraps something.
func (s *Shelf) enroll() error {
	m := s.ring.newest
	path := s.path(mastersDir, m.ID)
	used, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = createOnce(s.disk, s.rand, path, []byte(m.checkValue()+"\n"))
		if errors.Is(err, fs.ErrExist) {
			used, err = os.ReadFile(path)
		} else {
			used = []byte(m.checkValue())
		}
	}
	if err == nil && string(bytes.TrimSpace(used)) != m.checkValue() {
		err = connectors.Sayf(nil, "master key %q differs between replicas; give all of them the same", m.ID)
	}
	return err
}

// clean removes unfinished files if nobody is at work.
func (s *Shelf) clean() error {
	unlock, err := lockFile(s.path("lock"), true, false)
	if errors.Is(err, errLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	defer release(unlock)
	for _, sub := range []string{"", requestsDir, tenantsDir, mastersDir} {
		if err := removeTemps(s.path(sub), ""); err != nil {
			return err
		}
	}
	return nil
}

// release lets go of a lock that dies with the process anyway.
func release(unlock func() error) { _ = unlock() }

// shared keeps Rotate and Retire away while f changes the shelf.
func (s *Shelf) shared(f func() error) error {
	unlock, err := lockFile(s.path("lock"), false, true)
	if err != nil {
		return err
	}
	defer release(unlock)
	return f()
}

// obtain reads the wrapped key at path, making it if there is none.
func (s *Shelf) obtain(path, purpose, id string) (key []byte, err error) {
	err = s.shared(func() error {
		key, _, err = s.obtainLocked(path, purpose, id)
		return err
	})
	return key, err
}

func (s *Shelf) obtainLocked(path, purpose, id string) ([]byte, wrapped, error) {
	key, w, err := s.read(path, purpose)
	if err == nil {
		// Whoever made it may not have lived to sync its name.
		return key, w, s.disk.syncFolder(filepath.Dir(path))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, w, err
	}
	fresh := make([]byte, KeySize)
	if _, err := io.ReadFull(s.rand, fresh); err != nil {
		return nil, w, connectors.Sayf(err, "no randomness")
	}
	// Another process may have ended a rotation since we started.
	if err := s.enroll(); err != nil {
		return nil, w, err
	}
	body, err := s.ring.wrap(s.rand, wrapped{For: purpose, ID: id}, fresh)
	if err != nil {
		return nil, w, err
	}
	if err := createOnce(s.disk, s.rand, path, body); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, w, err
	}
	return s.read(path, purpose)
}

func (s *Shelf) read(path, purpose string) ([]byte, wrapped, error) {
	body, err := os.ReadFile(path)
	if err != nil {
		return nil, wrapped{}, err
	}
	return s.ring.unwrap(body, purpose)
}

// Create implements bot.Keys.
func (s *Shelf) Create(_ context.Context, request string) error {
	if err := checkRequest(request); err != nil {
		return err
	}
	_, err := s.obtain(s.path(requestsDir, request), "request/"+request, "")
	if err != nil {
		return keyFail("make", request, err)
	}
	return nil
}

func keyFail(op, request string, err error) error {
	return connectors.Sayf(err, "key shelf: %s the key of %s", op, request)
}

// requestKey returns ErrKeyGone if there is none.
func (s *Shelf) requestKey(request string) ([]byte, error) {
	if err := checkRequest(request); err != nil {
		return nil, err
	}
	key, _, err := s.read(s.path(requestsDir, request), "request/"+request)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.Check(); err != nil { // the whole shelf is not there, and no key is gone
			return nil, err
		}
		return nil, connectors.Sayf(bot.ErrKeyGone, "key shelf: %s", request)
	}
	if err != nil {
		return nil, keyFail("read", request, err)
	}
	return key, nil
}

// Destroy implements bot.Keys. It unlinks the wrapped key and waits until that
// is durable. Whether the blocks are overwritten is up to the disk; whoever
// reads them off it still needs the master key, so rotate and discard masters
// from time to time.
func (s *Shelf) Destroy(_ context.Context, request string) error {
	if err := checkRequest(request); err != nil {
		return err
	}
	err := s.shared(func() error {
		dir := s.path(requestsDir)
		err := os.Remove(filepath.Join(dir, request))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := removeTemps(dir, request); err != nil {
			return err
		}
		return s.disk.syncFolder(dir)
	})
	if err != nil {
		return keyFail("destroy", request, err)
	}
	return nil
}

// Requests implements bot.Keys.
func (s *Shelf) Requests(_ context.Context) ([]string, error) {
	entries, err := os.ReadDir(s.path(requestsDir))
	if err != nil {
		return nil, connectors.Sayf(err, "key shelf: list requests")
	}
	var out []string
	for _, e := range entries {
		if checkRequest(e.Name()) == nil {
			out = append(out, e.Name())
		}
	}
	return out, nil
}
