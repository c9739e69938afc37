package names

// <linux/net.h>, <linux/in.h>
var kindsHere = []kind{{6, 33, "dccp"}} // SOCK_DCCP, IPPROTO_DCCP
