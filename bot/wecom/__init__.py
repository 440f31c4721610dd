"""The doors to WeCom: crypto, callbacks, the long connection, REST and the group webhook."""
