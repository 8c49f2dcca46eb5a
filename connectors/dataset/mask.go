package dataset

// Strategy is how a field's value is replaced.
type Strategy string

// Strategies. None of them uses the original value, so that what is written
// can't be turned back or guessed: a bare hash does not de-identify.
const (
	// StrategyNull clears the field.
	StrategyNull Strategy = "null"
	// StrategyFixed writes one value into every row.
	StrategyFixed Strategy = "fixed"
	// StrategyHash and StrategyHMAC write hexadecimal digits that differ from
	// row to row; Fides' names are kept, the key is the request's.
	StrategyHash Strategy = "hash"
	StrategyHMAC Strategy = "hmac"
	// StrategyRandom writes letters and digits of the original's length.
	StrategyRandom Strategy = "random"
)

// Mask is what replaces a field's value.
type Mask struct {
	Strategy Strategy
	Value    string // for StrategyFixed
	Suffix   string // kept at the end of text, such as "@deleted.invalid"
	Length   int    // characters to write, suffix excluded; 0: as the strategy has it
	Unique   bool   // no two rows may get the same value
}

// DiffersByRow is true if rows get different values, which takes a primary
// key to derive them from.
func (m *Mask) DiffersByRow() bool {
	return m.Strategy != StrategyNull && m.Strategy != StrategyFixed
}
