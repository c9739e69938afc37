package loop

import "os"

func init() {
	if raceDetector || os.Getenv("POLLUX_DEBUG") != "" {
		checksWaits.Store(true)
	}
}
