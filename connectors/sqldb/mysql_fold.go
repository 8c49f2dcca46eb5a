package sqldb

import "strings"

// fold goes by the collation's name: https://dev.mysql.com/doc/refman/8.4/en/charset-collation-names.html.
// Those of single languages are at liberty to call letters of ASCII equal.
func (mysqlDialect) fold(c *column) foldText {
	if c.class != classText || c.collation == "" {
		return nil
	}
	_, rules, _ := strings.Cut(c.collation, "_")
	padded := !strings.Contains(rules, "nopad") && !strings.HasPrefix(rules, "0900")
	trim := func(s string) string {
		if padded {
			return strings.TrimRight(s, " ")
		}
		return s
	}
	switch rules = strings.NewReplacer("_nopad", "", "nopad_", "").Replace(rules); rules {
	case "bin", "0900_bin":
		if !padded {
			return nil
		}
		return foldPadded
	case "general_ci", "unicode_ci", "unicode_520_ci", "0900_ai_ci", "0900_as_ci", "uca1400_ai_ci", "uca1400_as_ci", "swedish_ci":
		if rules == "swedish_ci" && c.charset != "latin1" {
			return unknownFold
		}
		return func(s string) (string, bool) { return lowerASCII(trim(s)), plainASCII(s) }
	case "general_cs", "0900_as_cs", "uca1400_as_cs":
		return func(s string) (string, bool) { return trim(s), plainASCII(s) }
	default:
		return unknownFold
	}
}

// alikeKeys: what is bound gives way to the column's collation.
func (d mysqlDialect) alikeKeys(b *builder, alias string, c, _ *column, texts []string) string {
	return col(d, alias, c) + " IN (" + d.words(b, texts, "?") + ")"
}
