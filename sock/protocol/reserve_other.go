//go:build !unix

package protocol

import "github.com/polluxio/pollux/sock"

// A reserve does nothing where a process has no limit of descriptors.
type reserve struct{}

func (r *reserve) fill() {}

func (r *reserve) empty() {}

func (r *reserve) refuse(*sock.Socket) int { return 0 }
