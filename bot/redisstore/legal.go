package redisstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
)

// errDamagedHolds: what they hold isn't told, and nothing is erased on their
// word. A field is of one tenant.
func errDamagedHolds(field string) error {
	_, tenant, _ := strings.Cut(field, "/")
	return fmt.Errorf("redisstore: the legal holds of %s: %w; restore Redis from a backup, or add all of them again with `privacydesk holds add`", tenant, bot.ErrDamaged)
}

// legalField is the field of all holds on one subject, or on the tenant
// itself. A mac is hex, so that the tenant may hold any byte.
func legalField(tenant, mac string) string { return mac + "/" + tenant }

// LegalHolds implements bot.Store.
func (s *Store) LegalHolds(ctx context.Context, tenant string, macs ...string) ([]bot.LegalHold, error) {
	fields := []string{legalField(tenant, "")}
	for _, mac := range macs {
		if field := legalField(tenant, mac); !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
	}
	values, err := s.client.HMGet(ctx, s.legalKey(), fields...).Result()
	if err != nil {
		return nil, failed("legal holds", err)
	}
	var out []bot.LegalHold
	for i, v := range values {
		if text, ok := v.(string); ok {
			holds, err := s.decodeHolds(fields[i], text)
			if err != nil {
				return nil, err
			}
			out = append(out, holds...)
		}
	}
	sortHolds(out)
	return out, nil
}

// AllLegalHolds implements bot.Store.
func (s *Store) AllLegalHolds(ctx context.Context) ([]bot.LegalHold, error) {
	fields, err := s.client.HGetAll(ctx, s.legalKey()).Result()
	if err != nil {
		return nil, failed("legal holds", err)
	}
	var out []bot.LegalHold
	for field, text := range fields {
		holds, err := s.decodeHolds(field, text)
		if err != nil {
			return nil, err
		}
		out = append(out, holds...)
	}
	sortHolds(out)
	return out, nil
}

// KeepLegalHold implements bot.Store. It takes the place of what is damaged:
// the holds that were there stand beside the keys, and count all the same.
func (s *Store) KeepLegalHold(ctx context.Context, h bot.LegalHold) error {
	if h.Tenant == "" || h.Name == "" {
		return errors.New("redisstore: keep legal hold: its tenant or name is empty")
	}
	_, err := s.changeHolds(ctx, legalField(h.Tenant, h.Subject.MAC), true, func(holds []bot.LegalHold) []bot.LegalHold {
		return append(without(holds, h.Name), h)
	})
	return err
}

// DropLegalHold implements bot.Store.
func (s *Store) DropLegalHold(ctx context.Context, tenant, mac, name string) (bool, error) {
	return s.changeHolds(ctx, legalField(tenant, mac), false, func(holds []bot.LegalHold) []bot.LegalHold { return without(holds, name) })
}

// changeHolds replaces one field's holds, and reports whether their number
// changed. Another change meanwhile makes it read again; what is damaged is
// ErrDamaged, or none if that is to be mended.
func (s *Store) changeHolds(ctx context.Context, field string, mend bool, change func([]bot.LegalHold) []bot.LegalHold) (changed bool, err error) {
	for {
		err := s.client.Watch(ctx, func(tx *redis.Tx) error {
			text, err := tx.HGet(ctx, s.legalKey(), field).Result()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			old, err := s.decodeHolds(field, text)
			if err != nil && !mend {
				return err
			}
			holds := change(old)
			changed = len(holds) != len(old)
			body, err := json.Marshal(holds)
			if err != nil {
				return err
			}
			_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				if len(holds) == 0 {
					p.HDel(ctx, s.legalKey(), field)
				} else {
					p.HSet(ctx, s.legalKey(), field, s.stamp(kindHolds, field, string(body)))
				}
				return nil
			})
			return err
		}, s.legalKey())
		switch {
		case errors.Is(err, redis.TxFailedErr):
			continue
		case errors.Is(err, bot.ErrDamaged):
			return false, err
		}
		return changed, failed("change legal holds", err)
	}
}

func without(holds []bot.LegalHold, name string) []bot.LegalHold {
	return slices.DeleteFunc(slices.Clone(holds), func(h bot.LegalHold) bool { return h.Name == name })
}

func (s *Store) decodeHolds(field, text string) (holds []bot.LegalHold, err error) {
	if text == "" {
		return nil, nil
	}
	body, err := s.authentic(kindHolds, field, text)
	if err != nil || json.Unmarshal([]byte(body), &holds) != nil {
		return nil, errDamagedHolds(field)
	}
	return holds, nil
}

func sortHolds(holds []bot.LegalHold) {
	slices.SortFunc(holds, func(a, b bot.LegalHold) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Subject.MAC, b.Subject.MAC), cmp.Compare(a.Name, b.Name))
	})
}
