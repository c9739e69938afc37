//go:build linux

package families_test

import (
	"slices"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/rds"
	"github.com/polluxio/pollux/sock/socktest"
)

// What RDS tells of itself.
func TestRDSTables(t *testing.T) {
	socktest.Check(t)
	s := need(t, sock.AF_RDS, sock.SOCK_SEQPACKET, 0)
	must(t, s.Bind(sock.Inet("127.0.0.1", 0)))
	counter := func(name string) uint64 {
		t.Helper()
		counters, err := rds.Counters(s)
		must(t, err)
		i := slices.IndexFunc(counters, func(c rds.Counter) bool { return c.Name == name })
		if i < 0 {
			t.Fatalf("no counter %s in %+v", name, counters)
		}
		return counters[i].Value
	}
	before := counter("send_queued")
	_, err := s.Sendto([]byte("to myself"), 0, itsName(s))
	must(t, err)
	got, err := s.Recv(100, 0)
	must(t, err)
	if after := counter("send_queued"); after <= before || string(got) != "to myself" {
		t.Errorf("send_queued was %d, is %d; received %q", before, after, got)
	}
	connections, err := rds.Connections(s)
	must(t, err)
	if !slices.ContainsFunc(connections, func(c rds.Connection) bool {
		return c.Local.String() == "127.0.0.1" && c.Foreign.String() == "127.0.0.1" && c.Transport == "loopback"
	}) {
		t.Errorf("connections %+v, without that to itself", connections)
	}
	sockets, err := rds.Info(s, rds.RDS_INFO_SOCKETS)
	must(t, err)
	if len(sockets) == 0 || len(sockets[0]) != 28 {
		t.Errorf("sockets %x", sockets)
	}
}
