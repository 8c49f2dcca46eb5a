package directory

import (
	"context"
	"strings"
	"testing"
)

// TestMySQLQuotesNothingItself: under gbk a quote that the driver escaped
// would end the text.
func TestMySQLQuotesNothingItself(t *testing.T) {
	cfg, err := mysqlConfig("u:p@tcp(h:3306)/db?interpolateParams=true&charset=gbk&multiStatements=true&allowAllFiles=true")
	if err != nil || cfg.InterpolateParams || cfg.MultiStatements || cfg.AllowAllFiles {
		t.Errorf("%v %+v", err, cfg)
	}
	for dsn, refused := range map[string]bool{
		"u:s3cret@tcp(h:3306)/db?allowCleartextPasswords=true": true, "u:s3cret@tcp(h:3306)/db?allowOldPasswords=true": true,
		"u:s3cret@tcp(h:3306)/db?allowCleartextPasswords=true&tls=skip-verify": true, "u:s3cret@tcp(h:3306)/db?tls=skip_verify": true,
		"u:s3cret@tcp(h:3306)/db?allowCleartextPasswords=true&tls=true": false, "u:s3cret@unix(/s)/db?allowCleartextPasswords=true": false,
	} {
		if _, err := mysqlConfig(dsn); (err != nil) != refused || err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", dsn, err)
		}
	}
}

// TestADatabaseThatIsNotReachedIsNamed with the cause and what to do.
func TestADatabaseThatIsNotReachedIsNamed(t *testing.T) {
	for driver, dsn := range map[string]string{
		"postgres": "postgres://u:s3cret@127.0.0.1:1/db?pool_max_conns=5", "mysql": "u:s3cret@tcp(127.0.0.1:1)/db",
	} {
		d := dialects()[driver]
		db, err := d.open(dsn)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.QueryContext(context.Background(), "SELECT 1") //nolint:sqlclosecheck,rowserrcheck // there are no rows
		_ = db.Close()
		if text := d.fail(context.Background(), err).Error(); !strings.Contains(text, "nothing listens there") || !strings.Contains(text, "see dsn") || strings.Contains(text, "s3cret") {
			t.Errorf("%s: %q", driver, text)
		}
	}
}
