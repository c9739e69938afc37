//go:build !race

package sock_test

import "os"

// debugMode is true if the loop checks each blocking call, see loop.Config.Debug.
var debugMode = os.Getenv("POLLUX_DEBUG") != ""
