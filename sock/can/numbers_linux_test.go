package can

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The numbers that every system has are those of Linux.
func TestNumbers(t *testing.T) {
	socktest.Numbers(t, map[string][2]int64{
		"SOL_CAN_RAW":           {solCANRaw, sock.SOL_CAN_RAW},
		"CAN_RAW_FILTER":        {canRawFilter, sock.CAN_RAW_FILTER},
		"CAN_RAW_ERR_FILTER":    {canRawErrFilter, sock.CAN_RAW_ERR_FILTER},
		"CAN_EFF_FLAG":          {extendedFlag, sock.CAN_EFF_FLAG},
		"CAN_RTR_FLAG":          {remoteFlag, sock.CAN_RTR_FLAG},
		"CAN_ERR_FLAG":          {errorFlag, sock.CAN_ERR_FLAG},
		"CAN_SFF_MASK":          {standardMask, sock.CAN_SFF_MASK},
		"CAN_EFF_MASK":          {idMask, sock.CAN_EFF_MASK},
		"CAN_ERR_MASK":          {idMask, sock.CAN_ERR_MASK},
		"CAN_BCM_CAN_FD_FRAME":  {bcmFD, sock.CAN_BCM_CAN_FD_FRAME},
		"SO_J1939_FILTER":       {j1939Filter, sock.SO_J1939_FILTER},
		"J1939_NO_ADDR":         {j1939NoAddr, sock.J1939_NO_ADDR},
		"J1939_FILTER_MAX":      {j1939FilterMax, sock.J1939_FILTER_MAX},
		"SCM_J1939_DEST_ADDR":   {scmJ1939DestAddr, sock.SCM_J1939_DEST_ADDR},
		"SCM_J1939_DEST_NAME":   {scmJ1939DestName, sock.SCM_J1939_DEST_NAME},
		"SCM_J1939_PRIO":        {scmJ1939Prio, sock.SCM_J1939_PRIO},
		"SCM_J1939_ERRQUEUE":    {scmJ1939Errqueue, sock.SCM_J1939_ERRQUEUE},
		"J1939_NLA_BYTES_ACKED": {j1939BytesAcked, sock.J1939_NLA_BYTES_ACKED},
		"SOL_CAN_ISOTP":         {SOL_CAN_ISOTP, sock.SOL_CAN_BASE + sock.CAN_ISOTP},
		"SOL_CAN_J1939":         {SOL_CAN_J1939, sock.SOL_CAN_BASE + sock.CAN_J1939},
	})
}
