import { Alert, Button, Center, Loader, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";

import { signIn } from "../api/calls";
import { sessionQuery } from "../api/queries";
import { AwayBanner } from "./Banners";

/** Lets the page through when the service asks for no key, or has it. */
export function SessionGate({ children }: { children: ReactNode }) {
  const { data: session, error, refetch } = useQuery(sessionQuery);
  if (session && (!session.required || session.signed_in)) return children;
  return (
    <>
      <AwayBanner />
      <Center h="100%">
        {session && <KeyPrompt />}
        {!session && !error && <Loader aria-label="Loading" />}
        {error && (
          <Alert color="red" title="The page could not start">
            <Stack>
              {error.message}
              <Button onClick={() => void refetch()}>Try again</Button>
            </Stack>
          </Alert>
        )}
      </Center>
    </>
  );
}

function KeyPrompt() {
  const client = useQueryClient();
  const [key, setKey] = useState("");
  const enter = useMutation({
    mutationFn: () => signIn(key.trim()),
    meta: { shownInPlace: true },
    onSuccess: () => client.invalidateQueries(),
  });
  return (
    <Paper withBorder p="xl" w={400} radius="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          enter.mutate();
        }}
      >
        <Stack>
          <Title order={3}>Handful</Title>
          <Text size="sm" c="var(--soft-ink)">
            This service asks for its API key. Whoever runs it has the key.
          </Text>
          <PasswordInput
            label="API key"
            value={key}
            autoFocus
            autoComplete="current-password"
            error={enter.error?.message}
            onChange={(event) => setKey(event.currentTarget.value)}
          />
          <Button type="submit" loading={enter.isPending} disabled={!key.trim()}>
            Sign in
          </Button>
        </Stack>
      </form>
    </Paper>
  );
}
