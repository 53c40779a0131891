using FopWatch.Api;
using FopWatch.Contracts;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// Registers jobs and waits until they are settled. One event stream serves any number of them: its place is taken before the
/// first registration, so that nothing that happens after it is missed. Single jobs are asked for only where the stream cannot
/// say: those settled before, and all open ones after a gap in the stream or when time is up.
/// </summary>
/// <param name="client">The host.</param>
/// <param name="source">The source.</param>
/// <param name="ids">The ids, none twice; at least one.</param>
/// <param name="metadata">What is to be echoed in every event.</param>
internal sealed class JobTracking(
    HostClient client,
    string source,
    IReadOnlyList<string> ids,
    IReadOnlyDictionary<string, string> metadata)
{
    /// <summary>How many jobs are asked for at a time.</summary>
    private const int AsksAtOnce = 8;

    private static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(30);

    private int _registered;

    /// <summary>How the jobs stand.</summary>
    public TrackedJobs Jobs { get; } = new(source, ids);

    /// <summary>How many the host has taken.</summary>
    public int Registered => Volatile.Read(ref _registered);

    /// <summary>Why nothing is heard of the host at present; null if it is.</summary>
    public string? Trouble { get; private set; }

    /// <summary>Registers the jobs, and tells of each chunk of them.</summary>
    /// <exception cref="HostRefusedException">A registration is wrong.</exception>
    /// <exception cref="HostUnreachableException">The host cannot take them.</exception>
    public async Task RegisterAsync(Action<IReadOnlyList<JobLink>>? registered, CancellationToken cancellationToken)
    {
        var most = HostClient.MaxAtOnce;
        while (_registered < ids.Count)
        {
            var chunk = ids.Skip(_registered).Take(most).ToList();
            IReadOnlyList<JobLink> links;
            try
            {
                links = await client.RegisterAsync(source, chunk, metadata, cancellationToken);
            }
            catch (HostRefusedException e) when (e.Problem.Status == StatusCodes.Status413PayloadTooLarge && chunk.Count > 1)
            {
                // How long a body may be is the host's to set.
                most = chunk.Count / 2;
                continue;
            }

            foreach (var link in links)
                Jobs.Registered(link);
            Volatile.Write(ref _registered, _registered + chunk.Count);
            registered?.Invoke(links);
        }
    }

    /// <summary>Registers the jobs and waits.</summary>
    /// <param name="whenRegistered">Called once all are registered.</param>
    /// <param name="cancellationToken">Ends the wait with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="HostRefusedException">A registration is wrong.</exception>
    /// <exception cref="HostUnreachableException">The host cannot be reached to register them; later on, that is only waited for.</exception>
    public async Task SettleAsync(Action whenRegistered, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var events = client.FollowAsync(null, null, stop.Token).GetAsyncEnumerator(stop.Token);
        await events.MoveNextAsync();
        if (events.Current is Followed.Lost lost)
            throw new HostUnreachableException(lost.Why);

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
            // The enumerator may be disposed of only when nobody is in it.
            await stop.CancelAsync();
            await following.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>Asks once for each job that is open.</summary>
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

    private async Task FollowAsync(IAsyncEnumerator<Followed> events, CancellationToken cancellationToken)
    {
        var gap = false;
        while (await events.MoveNextAsync())
        {
            switch (events.Current)
            {
                case Followed.Lost lost:
                    Trouble = lost.Why;
                    continue;
                case Followed.Connected connected:
                    Trouble = null;
                    gap |= connected.After is null;
                    break;
                case Followed.Happened happened:
                    gap |= !Take(happened.Event);
                    break;
            }

            if (gap)
                gap = !await TryCheckAsync(cancellationToken);
        }
    }

    /// <summary>Takes an event.</summary>
    /// <returns>Whether it could be understood, and says of no others that they are gone.</returns>
    private bool Take(ServerEvent happened)
    {
        if (happened.Type is not (JobEvent.SettledType or JobEvent.ProgressedType or JobEvent.OverdueType))
            return happened.Type is not (HostClient.PurgedType or HostClient.RestartedType);

        if (!JobEvent.TryParse(happened.Data, out var told))
            return false;
        Jobs.Seen(told.Data);
        return true;
    }

    private async Task<bool> TryCheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AskAsync(Jobs.All.Where(job => !job.IsSettled), cancellationToken);
            return true;
        }
        catch (HostUnreachableException)
        {
            return false;
        }
    }

    private Task AskAsync(IEnumerable<TrackedJob> jobs, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        jobs.ToList(),
        new ParallelOptions { MaxDegreeOfParallelism = AsksAtOnce, CancellationToken = cancellationToken },
        async (job, cancelled) =>
        {
            if (await client.FindAsync(source, job.Id, cancelled) is { } record)
                Jobs.Seen(record);
        });
}
