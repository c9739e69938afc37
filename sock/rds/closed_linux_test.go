package rds_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/rds"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestClosed(t *testing.T) {
	socktest.Closed(t, map[string]func(*sock.Socket) error{
		"Connections": func(s *sock.Socket) error { _, err := rds.Connections(s); return err },
		"Counters":    func(s *sock.Socket) error { _, err := rds.Counters(s); return err },
		"Info":        func(s *sock.Socket) error { _, err := rds.Info(s, rds.RDS_INFO_COUNTERS); return err },
	})
}

// A socket of another family has no tables of RDS.
func TestInfoElsewhere(t *testing.T) {
	socktest.Check(t)
	if _, err := rds.Info(socktest.UDP.New(t), rds.RDS_INFO_COUNTERS); err == nil {
		t.Error("UDP has tables of RDS")
	}
}
