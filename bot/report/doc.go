// Package report turns gathered records into what the requester gets: for an
// access request an archive of pages, tables and media, for a delete request a
// signed certificate. It also checks both, offline.
//
// Records pass through the spool three times: a Sink writes them as they are
// gathered, a first look over them counts, and a second writes the archive. No
// more than a few blocks of them are in memory at any time.
package report
