package bottest

import (
	"fmt"
	"time"

	"privacydesk/bot"
)

func facts(d *desk) {
	fact := func(key string) bot.Fact {
		d.Helper()
		f, err := d.store.Fact(d.ctx, key)
		d.must(err)
		return f
	}
	note := func(id string, at time.Time, keys ...string) error {
		return d.update(id, func(c *bot.Change) {
			for _, k := range keys {
				c.Facts = append(c.Facts, bot.Fact{Key: k, At: at, By: "whatever"})
			}
		})
	}
	d.same("a fact that nobody noted", fact("a b/ü"), bot.Fact{Key: "a b/ü"})
	d.create("t1", func(c *bot.Change) { c.Claim = []string{"taken"} })
	d.create("t2")
	d.must(note("t1", noon(), "a b/ü", "both"))
	d.same("the fact", fact("a b/ü"), bot.Fact{Key: "a b/ü", At: noon(), By: "t1"})
	d.must(note("t2", noon().Add(time.Hour), "both"))
	d.same("what another noted later", fact("both"), bot.Fact{Key: "both", At: noon().Add(time.Hour), By: "t2"})
	d.wantErr(d.update("t2", func(c *bot.Change) {
		c.Claim, c.Facts = []string{"taken"}, []bot.Fact{{Key: "refused", At: noon()}}
	}), bot.ErrClaimed)
	d.same("a fact of a change that was refused", fact("refused").By, "")
	d.must(d.store.Purge(d.ctx, "t1", d.load("t1").Case.Version))
	d.same("a fact whose request is purged", fact("a b/ü").By, "")
	d.same("the fact of the other", fact("both").By, "t2")
}

func legalHold(tenant, mac, name string) bot.LegalHold {
	h := bot.LegalHold{Tenant: tenant, Name: name, Exception: "legal_obligation", By: "legal", At: noon()}
	if mac != "" {
		h.Subject = bot.Pseudonym{Key: "k1", MAC: mac}
	}
	return h
}

func legalHolds(d *desk) {
	names := func(tenant string, macs ...string) (out []string) {
		d.Helper()
		holds, err := d.store.LegalHolds(d.ctx, tenant, macs...)
		d.must(err)
		for _, h := range holds {
			out = append(out, h.Name)
		}
		return out
	}
	d.same("holds before there is any", len(names("acme", "aa")), 0)
	for _, h := range []bot.LegalHold{
		legalHold("acme", "aa", "suit 2"), legalHold("acme", "aa", "suit 1"), legalHold("acme", "", "all of it"),
		legalHold("globex", "aa", "elsewhere"), legalHold("a/acme", "", "another's"),
	} {
		d.must(d.store.KeepLegalHold(d.ctx, h))
	}
	d.same("holds on a subject", names("acme", "aa"), []string{"all of it", "suit 1", "suit 2"})
	d.same("holds on another subject", names("acme", "bb"), []string{"all of it"})
	d.same("holds on several subjects", names("acme", "bb", "aa", "aa"), []string{"all of it", "suit 1", "suit 2"})
	d.same("holds on the tenant alone", names("acme"), []string{"all of it"})
	d.same("holds on the tenant alone", names("acme", ""), []string{"all of it"})
	d.same("holds on another tenant", names("globex", "aa"), []string{"elsewhere"})
	again := legalHold("acme", "aa", "suit 1")
	again.Exception = "security"
	d.must(d.store.KeepLegalHold(d.ctx, again))
	holds, err := d.store.LegalHolds(d.ctx, "acme", "aa")
	d.must(err)
	d.same("holds after one was replaced", holds, []bot.LegalHold{legalHold("acme", "", "all of it"), again, legalHold("acme", "aa", "suit 2")})
	all, err := d.store.AllLegalHolds(d.ctx)
	d.must(err)
	d.same("all holds", len(all), 5)
	for _, wrong := range [][3]string{{"acme", "bb", "suit 1"}, {"globex", "aa", "suit 1"}, {"acme", "", "suit 1"}, {"acme", "aa", "suit"}} {
		found, err := d.store.DropLegalHold(d.ctx, wrong[0], wrong[1], wrong[2])
		d.must(err)
		d.same(fmt.Sprint("dropping ", wrong), found, false)
	}
	for _, name := range []string{"suit 1", "suit 2"} {
		found, err := d.store.DropLegalHold(d.ctx, "acme", "aa", name)
		d.must(err)
		d.same("dropping "+name, found, true)
	}
	d.same("holds that are left", names("acme", "aa"), []string{"all of it"})
	for _, h := range []bot.LegalHold{legalHold("", "aa", "x"), legalHold("acme", "aa", "")} {
		if err := d.store.KeepLegalHold(d.ctx, h); err == nil {
			d.Fatalf("%+v was kept", h)
		}
	}
}

func legalHoldsConcurrently(d *desk) {
	errs := together(8, func(i int) error {
		return d.store.KeepLegalHold(d.ctx, legalHold("acme", "aa", fmt.Sprint("suit ", i)))
	})
	done, _ := d.tally(errs, bot.ErrConflict)
	holds, err := d.store.LegalHolds(d.ctx, "acme", "aa")
	d.must(err)
	d.same("holds that were kept at once", []int{done, len(holds)}, []int{8, 8})
}
