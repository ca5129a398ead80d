/* Publishes one message through the installed library. Usage: publish SOCKET */
#include <hearsay.h>
#include <stdio.h>
#include <string.h>

int main(int count, char** words) {
    const char* text = "hello from C";
    hearsay_client* client = hearsay_new();
    if (count != 2 || client == NULL) return 64;
    if (hearsay_connect(client, words[1]) != HEARSAY_OK ||
        hearsay_publish(client, "greetings", text, strlen(text), NULL, NULL) != HEARSAY_OK) {
        fprintf(stderr, "%s\n", hearsay_error_text(client));
        return 1;
    }
    hearsay_free(client);
    return 0;
}
