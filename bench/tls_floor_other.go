//go:build !linux

package main

import (
	"crypto/tls"
	"errors"
)

// tlsFloor is for Linux only, because only Linux is measured.
func tlsFloor(*tls.Config) (string, error) { return "", errors.ErrUnsupported }
