package rds_test

import (
	"fmt"
	"log"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/rds"
)

// The connections of RDS to other hosts, and what RDS has counted.
func ExampleConnection() {
	s, err := sock.New(sock.AF_RDS, sock.SOCK_SEQPACKET, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	connections, err := rds.Connections(s)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range connections {
		fmt.Println(c.Local, c.Foreign, c.Transport)
	}
	counters, err := rds.Counters(s)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range counters {
		fmt.Println(c.Name, c.Value)
	}
}
