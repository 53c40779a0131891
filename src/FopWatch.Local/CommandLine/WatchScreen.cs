using System.Globalization;
using System.Threading.Channels;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

/// <summary>The full-screen <c>watch</c>: live events, and keys that act on the selected job.</summary>
internal sealed class WatchScreen(Terminal terminal, IFopWatchClient client, Uri host)
{
    // The previous content of the screen returns at the end.
    private const string Enter = "\u001b[?1049h\u001b[?25l\u001b[2J";
    private const string Leave = "\u001b[?25h\u001b[?1049l";

    private static readonly TimeSpan LookAtSize = TimeSpan.FromMilliseconds(500);

    private readonly WatchList _list = new();
    private readonly Channel<Action> _changes = Channel.CreateBounded<Action>(new BoundedChannelOptions(256) { SingleReader = true });
    private string _connection = "connecting";
    private bool _quits;

    /// <summary>Shows events until the user quits.</summary>
    /// <param name="after">Where to begin.</param>
    /// <param name="source">Only the events of this source; null for all.</param>
    /// <param name="cancellationToken">Ctrl-C.</param>
    /// <returns>The cursor of the last event; null if none came.</returns>
    /// <exception cref="FopWatchException">The host refuses.</exception>
    public async Task<string?> RunAsync(string? after, string? source, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        string? last = null;
        terminal.Output.Write(Enter);
        try
        {
            var following = FollowAsync(after, source, cursor => last = cursor, ended.Token);
            _ = Task.Run(() => ReadKeysAsync(ended.Token), CancellationToken.None);
            var looking = LookAtSizeAsync(ended.Token);
            Draw();
            while (!_quits && await _changes.Reader.WaitToReadAsync(cancellationToken))
            {
                while (!_quits && _changes.Reader.TryRead(out var change))
                    change();
                Draw();
            }

            await ended.CancelAsync();
            await Task.WhenAll(following, looking);
            return last;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return last;
        }
        finally
        {
            await ended.CancelAsync();
            terminal.Output.Write(Leave);
            terminal.Output.Flush();
        }
    }

    private void Draw()
    {
        var profile = terminal.Console.Profile;
        terminal.Console.Write(new WatchFrame(_list, host, _connection, terminal.Time.GetUtcNow(), profile.Width, profile.Height));
    }

    private async Task FollowAsync(string? after, string? source, Action<string> seen, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var item in client.EventsAsync(after, source, cancellationToken))
                await _changes.Writer.WriteAsync(() => Take(item, seen), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The user quit.
        }
        catch (FopWatchException e)
        {
            _changes.Writer.TryComplete(e);
        }
    }

    private void Take(EventStreamItem item, Action<string> seen)
    {
        switch (item)
        {
            case EventStreamOpened:
                _connection = "connected";
                break;
            case EventStreamLost lost:
                _connection = string.Create(CultureInfo.InvariantCulture, $"lost: {lost.Failure.Message.TrimEnd('.')}; retrying in {lost.RetryIn.TotalSeconds:0.0} s");
                break;
            case EventReceived received:
                _list.Add(received.Event);
                seen(item.Cursor!);
                break;
            case EventsPurged:
                _list.Said = "Earlier events were deleted.";
                break;
            case EventsRestarted:
                _list.Said = "The host's event log was replaced or restored from a backup. The events since the two logs differ follow.";
                break;
        }
    }

    /// <summary>Reading a key cannot be cancelled: the thread runs until the process ends.</summary>
    private async Task ReadKeysAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested && terminal.ReadKey!() is { } key)
            await _changes.Writer.WriteAsync(() => Press(key, cancellationToken), cancellationToken);
    }

    private async Task LookAtSizeAsync(CancellationToken cancellationToken)
    {
        var size = (terminal.Console.Profile.Width, terminal.Console.Profile.Height);
        using var timer = new PeriodicTimer(LookAtSize);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                var now = (terminal.Console.Profile.Width, terminal.Console.Profile.Height);
                if (now != size)
                    _changes.Writer.TryWrite(() => terminal.Output.Write("\u001b[2J"));
                size = now;
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private void Press(ConsoleKeyInfo key, CancellationToken cancellationToken)
    {
        switch (_list.Press(key))
        {
            case { Kind: WatchRequestKind.Quit }:
                _quits = true;
                break;
            case { Kind: WatchRequestKind.Show } shown:
                _ = ActAsync(null, async () => Show(await client.GetAsync(shown.Source, shown.Id, cancellationToken)), cancellationToken);
                break;
            case { Kind: WatchRequestKind.Poll } polled:
                _ = ActAsync(
                    $"Polling the status API about {polled.Id} …",
                    async () => Say($"{polled.Id}: the status API answered: {(await client.PollAsync(polled.Source, polled.Id, cancellationToken)).Answer}"),
                    cancellationToken);
                break;
            case { Kind: WatchRequestKind.Republish } republished:
                _ = ActAsync(
                    $"Publishing the outcome of {republished.Id} again …",
                    async () =>
                    {
                        await client.RepublishAsync(republished.Source, republished.Id, cancellationToken);
                        return Say($"{republished.Id}: the outcome was published again.");
                    },
                    cancellationToken);
                break;
        }
    }

    private async Task ActAsync(string? meanwhile, Func<Task<Action>> act, CancellationToken cancellationToken)
    {
        _list.Said = meanwhile ?? _list.Said;
        try
        {
            await _changes.Writer.WriteAsync(await ResultAsync(), cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // The screen is closed.
        }

        async Task<Action> ResultAsync()
        {
            try
            {
                return await act();
            }
            catch (FopWatchRefusedException e)
            {
                return Say($"Refused: {HostOptions.InWords(e)}");
            }
            catch (FopWatchException e)
            {
                return Say($"Not reached: {e.Message}");
            }
        }
    }

    private Action Say(string text) => () => _list.Said = text;

    private Action Show(WatchedJob? job) => job is null ? Say("The host no longer has this job.") : () => _list.Show(job);
}
