// Package spool keeps what a request must not lose and must be able to
// forget: its files, encrypted, in a Folder, and its key, wrapped, on a Shelf.
// Both lie outside Redis and its backups. Destroying the key makes every copy
// of the files unreadable, also those in backups of the folder.
//
// A folder can be shared by replicas through a file system that has atomic
// renames, hard links and flock (local disks, NFS from version 4). A bucket is
// not supported yet; what it needs is the interface disk, and a commit that is
// one acknowledged PUT.
package spool
