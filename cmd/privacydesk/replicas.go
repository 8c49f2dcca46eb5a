package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"privacydesk/bot/redisstore"
	"privacydesk/bot/spool"
)

// The patience of replicas with each other.
const (
	announceEvery = 10 * time.Second
	listenFor     = time.Second     // one wait for a question
	answerWithin  = 2 * time.Second // of a replica that is awake
)

// exchange proves that replicas share one spool and one key shelf, live: one
// leaves a text in both folders that it made up that moment, each of the others
// reads it and answers what only a reader can. A copy of a folder has what was
// in it, and not what is written next.
type exchange struct {
	store *redisstore.Store
	spool *spool.Folder
	keys  *spool.Shelf
	id    string // of this process; what it left in the spool bears it as its name
	sign  string // what it left there
	// proven: all that were there at the start share the folders. From then on
	// those that are not proven have to prove themselves to it, not it to them: a
	// wrong newcomer must not stop who is at work.
	proven atomic.Bool
}

func newExchange(a *app) *exchange {
	return &exchange{store: a.store, spool: a.spool, keys: a.keys, id: nameOfOne(), sign: rand.Text()}
}

func nameOfOne() string { return strings.ToLower(rand.Text()) }

func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// announce says that this process serves, to Redis and in the folder.
func (x *exchange) announce(ctx context.Context) error {
	here, err := x.spool.Posted(x.id)
	if err == nil && here != x.sign {
		err = x.spool.Post(x.id, x.sign)
	}
	return errors.Join(err, x.store.Announce(ctx, redisstore.Replica{ID: x.id, Sign: digest(x.sign), Proven: x.proven.Load()}))
}

// run announces and answers until ctx ends, then takes leave.
func (x *exchange) run(ctx context.Context) {
	for next := time.Now().Add(announceEvery); ctx.Err() == nil; {
		q, asked, err := x.store.Asked(ctx, x.id, listenFor)
		if asked {
			err = x.answer(ctx, q)
		}
		if now := time.Now(); now.After(next) {
			next = now.Add(announceEvery)
			err = errors.Join(err, x.announce(ctx))
		}
		if err != nil { // Redis or the folder fails, which other preconditions tell: try again, not at once
			select {
			case <-ctx.Done():
			case <-time.After(listenFor):
			}
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerWithin)
	defer cancel()
	_ = errors.Join(x.store.Leave(last, x.id), x.spool.Unpost(x.id)) // else both are taken for gone after a while
}

// answer tells what this process reads under the question's name.
func (x *exchange) answer(ctx context.Context, q redisstore.Question) error {
	inSpool, err := x.spool.Posted(q.Text)
	if err != nil {
		return err
	}
	inKeys, err := x.keys.Posted(q.Text)
	if err != nil {
		return err
	}
	return x.store.Answer(ctx, q.Text, x.id+" "+digest(x.id, inSpool)+" "+digest(x.id, inKeys))
}

// begin proves a process that starts, and announces it as one that is proven.
func (x *exchange) begin(ctx context.Context) error {
	if err := x.prove(ctx); err != nil {
		return err
	}
	x.proven.Store(true)
	return x.announce(ctx)
}

// prove asks all others that are there. One that does not answer, and whose
// sign lies in this folder, is taken for one that was killed.
func (x *exchange) prove(ctx context.Context) (err error) {
	all, err := x.store.Replicas(ctx)
	if err != nil {
		return err
	}
	open := map[string]redisstore.Replica{}
	for _, r := range all {
		if r.ID != x.id && (r.Proven || !x.proven.Load()) {
			open[r.ID] = r
		}
	}
	if len(open) == 0 {
		return nil // nobody to share with
	}
	name, inSpool, inKeys := nameOfOne(), rand.Text(), rand.Text()
	defer func() { err = errors.Join(err, x.spool.Unpost(name), x.keys.Unpost(name)) }()
	if err := errors.Join(x.spool.Post(name, inSpool), x.keys.Post(name, inKeys)); err != nil {
		return err
	}
	for id := range open {
		if err := x.store.Ask(ctx, id, redisstore.Question{From: x.id, Text: name}); err != nil {
			return err
		}
	}
	for len(open) > 0 {
		text, answered, err := x.store.Answered(ctx, name, answerWithin)
		if err != nil {
			return err
		}
		if !answered {
			break
		}
		part := strings.Fields(text)
		if len(part) != 3 {
			continue
		}
		switch id := part[0]; {
		case part[1] != digest(id, inSpool):
			return notShared("spool")
		case part[2] != digest(id, inKeys):
			return notShared("key shelf")
		default:
			delete(open, id)
		}
	}
	return x.silent(open)
}

func notShared(what string) error {
	return &usageError{fmt.Errorf("data_dir: another replica does not see what is written into this folder's %s: it is another one, or a copy; mount the same one, or use a Redis of its own", what)}
}

func (x *exchange) silent(open map[string]redisstore.Replica) error {
	for id, r := range open {
		left, err := x.spool.Posted(id)
		if err != nil {
			return err
		}
		if left == "" || digest(left) != r.Sign {
			return errors.New("data_dir: a replica that was there within the last half minute does not answer, and left no sign in this folder; try again in half a minute, and see whether both mount the same folder")
		}
	}
	return nil
}

// share lets other replicas prove that they share our folders, for as long as
// the installation serves, and proves it to them first. Whose Redis is its own
// has no other.
func (a *app) share(ctx context.Context) error {
	if a.redisKind != "url" {
		return nil
	}
	if a.exchange != nil {
		return a.exchange.prove(ctx)
	}
	x := newExchange(a)
	if err := x.announce(ctx); err != nil {
		return err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		x.run(running)
	}()
	a.exchange = x
	a.onClose(func(context.Context) error {
		cancel()
		<-ended
		return nil
	})
	return x.begin(ctx)
}
