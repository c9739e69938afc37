// Package interop has tests only: programs and libraries that know package net, and nothing of
// pollux, run on package netconn. It is a module of its own, so that a user of pollux inherits none
// of those libraries.
//
//	internal/interop/run            all of them; installs Debian's wrk, redis-server and postgresql
//	internal/interop/run -short     with smaller downloads
//
// A test whose program is not installed is skipped, and says which one it needs. Nothing is mocked:
// the databases are the real ones, started by the tests on sockets of their own.
package interop
