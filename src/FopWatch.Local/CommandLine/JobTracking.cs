using FopWatch.Client;
using FopWatch.Contracts;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// Registers jobs and waits until they are settled. One event stream serves any number of jobs. Its position is taken before the first
/// registration, so that no later event is missed. Single jobs are queried only where the stream cannot tell: jobs settled earlier, and all
/// open jobs after a gap in the stream or at the time limit.
/// </summary>
/// <param name="client">The host.</param>
/// <param name="source">The source.</param>
/// <param name="ids">The ids, at least one, without duplicates.</param>
/// <param name="metadata">The metadata that every event carries.</param>
internal sealed class JobTracking(
    IFopWatchClient client,
    string source,
    IReadOnlyList<string> ids,
    IReadOnlyDictionary<string, string> metadata)
{
    /// <summary>How many jobs are registered between progress reports.</summary>
    private const int ChunkSize = 1000;

    /// <summary>How many jobs are queried at once.</summary>
    private const int AsksAtOnce = 8;

    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(30);

    private int _registered;

    public TrackedJobs Jobs { get; } = new(source, ids);

    /// <summary>How many jobs the host has registered.</summary>
    public int Registered => Volatile.Read(ref _registered);

    /// <summary>Why the host cannot be reached at present; null if it can.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Registers the jobs, and reports each chunk.</summary>
    /// <exception cref="RegistrationRefusedException">Some registrations were refused.</exception>
    /// <exception cref="FopWatchRefusedException">The host refused the caller.</exception>
    /// <exception cref="FopWatchUnreachableException">The host cannot be reached.</exception>
    public async Task RegisterAsync(Action<IReadOnlyList<RegisteredJob>>? registered, CancellationToken cancellationToken)
    {
        foreach (var chunk in ids.Skip(_registered).Chunk(ChunkSize))
        {
            var results = await client.RegisterManyAsync(
                [.. chunk.Select(id => new JobRegistration { Source = source, Id = id, Metadata = metadata })], cancellationToken);
            var jobs = results.Where(result => result.IsRegistered).Select(result => result.Job!).ToList();
            foreach (var job in jobs)
                Jobs.Registered(job);
            Volatile.Write(ref _registered, _registered + jobs.Count);
            registered?.Invoke(jobs);
            if (jobs.Count < chunk.Length)
                throw new RegistrationRefusedException([.. results.Where(result => !result.IsRegistered)]);
        }
    }

    /// <summary>Registers the jobs and waits.</summary>
    /// <param name="whenRegistered">Called once all are registered.</param>
    /// <param name="cancellationToken">Ends the wait with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="RegistrationRefusedException">Some registrations were refused.</exception>
    /// <exception cref="FopWatchRefusedException">The host refused the caller.</exception>
    /// <exception cref="FopWatchUnreachableException">The host cannot be reached to register them. An outage after that is waited out.</exception>
    public async Task SettleAsync(Action whenRegistered, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var events = client.EventsAsync(cancellationToken: stop.Token).GetAsyncEnumerator(stop.Token);
        await events.MoveNextAsync();
        if (events.Current is EventStreamLost lost)
            throw lost.Failure;

        var following = FollowAsync(events, stop.Token);
        try
        {
            await RegisterAsync(null, stop.Token);
            whenRegistered();
            await AskAsync(Jobs.All.Where(job => job is { IsSettled: true, Version: 0 } and not { State: JobState.Succeeded }), stop.Token);
            await await Task.WhenAny(Jobs.AllSettled, following);
        }
        finally
        {
            // The enumerator may be disposed only when no call to it is pending.
            await stop.CancelAsync();
            await following.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>Queries each open job once.</summary>
    /// <returns>Whether the host answered.</returns>
    public async Task<bool> CheckAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(CheckTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await TryCheckAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task FollowAsync(IAsyncEnumerator<EventStreamItem> events, CancellationToken cancellationToken)
    {
        var gap = false;
        while (await events.MoveNextAsync())
        {
            switch (events.Current)
            {
                case EventStreamLost lost:
                    Trouble = lost.Failure.Message.TrimEnd('.');
                    continue;
                case EventStreamOpened opened:
                    Trouble = null;
                    gap |= opened.Cursor is null;
                    break;
                case EventReceived received:
                    Jobs.Seen(received.Event.Data);
                    break;
                case EventUnreadable unreadable:
                    gap |= unreadable.Type is JobEvent.SettledType or JobEvent.ProgressedType or JobEvent.OverdueType;
                    break;
                case EventsPurged or EventsRestarted:
                    gap = true;
                    break;
            }

            if (gap)
                gap = !await TryCheckAsync(cancellationToken);
        }
    }

    private async Task<bool> TryCheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AskAsync(Jobs.All.Where(job => !job.IsSettled), cancellationToken);
            return true;
        }
        catch (FopWatchUnreachableException)
        {
            return false;
        }
    }

    private Task AskAsync(IEnumerable<TrackedJob> jobs, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        jobs.ToList(),
        new ParallelOptions { MaxDegreeOfParallelism = AsksAtOnce, CancellationToken = cancellationToken },
        async (job, cancelled) =>
        {
            if (await client.GetAsync(source, job.Id, cancelled) is { } record)
                Jobs.Seen(record);
        });
}

/// <summary>Some registrations were refused.</summary>
/// <param name="refused">The refused registrations, with their errors.</param>
internal sealed class RegistrationRefusedException(IReadOnlyList<RegistrationResult> refused) : Exception("Some registrations were refused.")
{
    /// <summary>The refused registrations, with their errors.</summary>
    public IReadOnlyList<RegistrationResult> Refused { get; } = refused;
}
