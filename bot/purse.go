package bot

// Draw is one taken out of a bucket that fills by PerMinute up to Burst, if
// more than Floor is in it. Buckets are what an account's programs may spend;
// those of one name are the same for all processes that share a purse.
//
// PerMinute 0 is of one who knows no limit: it is given, unless the bucket rests,
// and counts against those who know one.
type Draw struct {
	Bucket       string
	PerMinute    float64
	Burst, Floor int
}
