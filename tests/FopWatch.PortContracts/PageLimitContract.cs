using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.PortContracts;

/// <summary>The contract of stores that keep bodies outside of memory: they never read many large ones at once.</summary>
public abstract class PageLimitContract : StoreContract<IJobStore>
{
    /// <inheritdoc/>
    protected override IJobStore Jobs => Port;

    protected abstract IOutbox Outbox { get; }

    protected abstract IQuarantine Quarantine { get; }

    [Theory]
    [InlineData(100, "9 | 0 1 3 3 1 | 8 | 0 2")]
    [InlineData(3, "9 | 0 1 3 | 3 1 8 | 0 2")]
    public async Task A_page_ends_with_the_job_that_fills_it(int top, string expected)
    {
        // By the MiB of the jobs, in the order of the list.
        Assert.Equal(8 * 1024 * 1024, PageLimit.Bytes);
        int[] sizes = [9, 0, 1, 3, 3, 1, 8, 0, 2];
        var jobs = sizes.Select((size, i) => Sample.Job($"j{i}-{size}", after: TimeSpan.FromMinutes(-i)).Sized(size)).ToList();
        foreach (var job in jobs)
            await CommitAsync(job.New());

        var pages = await PagesAsync(continuation => Port.ListAsync(new() { Top = top, Continuation = continuation }, Cancelled));

        Assert.Equal(expected, string.Join(" | ", pages.Select(page => string.Join(' ', page.Select(job => job.Key.Id[^1])))));
        foreach (var (job, listed) in jobs.Zip(pages.SelectMany(page => page)))
            AssertSame(job, listed);
    }

    [Fact]
    public async Task Jobs_excluded_by_a_filter_fill_no_page()
    {
        for (var i = 0; i < 4; i++)
        {
            await CommitAsync(Sample.Job($"j{i}", after: TimeSpan.FromMinutes(i)).New());
            await CommitAsync(Sample.Job($"j{i}", "other", TimeSpan.FromMinutes(i)).Settled().Job.Sized(8).New());
        }

        Assert.Equal(4, Assert.Single(await ListAsync(new() { States = [JobState.Waiting] })).Count);
        Assert.Equal(4, Assert.Single(await ListAsync(new() { Source = "media" })).Count);
        Assert.Equal(4, (await ListAsync(new() { Source = "other" })).Count);

        Task<List<IReadOnlyList<Job>>> ListAsync(JobQuery query) =>
            PagesAsync(continuation => Port.ListAsync(query with { Continuation = continuation }, Cancelled));
    }

    [Theory]
    [InlineData(100, "9 | 0 1 3 3 1 | 8 | 0 2")]
    [InlineData(3, "9 | 0 1 3 | 3 1 8 | 0 2")]
    public async Task A_page_ends_with_the_notification_that_fills_it(int top, string expected)
    {
        int[] sizes = [9, 0, 1, 3, 3, 1, 8, 0, 2];
        var kept = sizes.Select((size, i) => Sample.Notification($"{9 - i:0000}-{size}", i % 2 == 0 ? "media" : "other").Sized(size)).ToList();
        foreach (var notification in kept)
            await Quarantine.AddAsync(notification, Cancelled);

        var pages = await PagesAsync(continuation => Quarantine.ListAsync(null, top, continuation, Cancelled));

        Assert.Equal(expected, string.Join(" | ", pages.Select(page => string.Join(' ', page.Select(one => one.Key[^1])))));
        Assert.All(kept.Zip(pages.SelectMany(page => page)), pair => Assert.True(pair.First.Body.Span.SequenceEqual(pair.Second.Body.Span)));
    }

    [Theory]
    [InlineData(100, "0 1 3 0 4 | 9 | 2 0")]
    [InlineData(4, "0 1 3 0 | 4 9 | 2 0")]
    public async Task A_read_of_the_outbox_ends_with_the_event_that_fills_it_and_the_rest_follows(int limit, string expected)
    {
        var events = await CommitEventsAsync(0, 1, 3, 0, 4, 9, 2, 0);
        var read = new List<string>();

        while (await Outbox.PendingAsync(limit, Cancelled) is { Count: > 0 } pending)
        {
            Assert.Equal(events.Take(pending.Count).Select(one => one.Key), pending.Select(one => one.Key));
            Assert.All(events.Zip(pending), pair => Assert.True(pair.First.Body.Span.SequenceEqual(pair.Second.Body.Span)));
            events.RemoveRange(0, pending.Count);
            read.Add(string.Join(' ', pending.Select(one => one.Key.Id[^1])));
            await Outbox.RemoveAsync(pending, Cancelled);
        }

        Assert.Equal(expected, string.Join(" | ", read));
        Assert.Empty(events);
    }

    [Fact]
    public async Task A_dispatcher_publishes_all_waiting_events_of_any_size()
    {
        var events = await CommitEventsAsync(3, 3, 3, 0, 9, 1, 0);
        var publisher = new Recorder();
        using var dispatcher = Unobserved.Dispatcher(Outbox, publisher, TimeProvider.System);

        Assert.Equal(events.Count, await dispatcher.DrainAsync(Cancelled));

        Assert.Equal(events.Select(one => one.Id), publisher.Published);
        Assert.Equal((0, null), await Outbox.DepthAsync(Cancelled));
    }

    /// <summary>Commits events of the given sizes in MiB, the oldest first.</summary>
    private async Task<List<OutboxEvent>> CommitEventsAsync(params int[] sizes)
    {
        var events = sizes.Select((size, i) => Sample.Event($"j{i}-{size}", after: TimeSpan.FromMinutes(i)).Sized(size)).ToList();
        foreach (var pending in events)
            await CommitAsync(new JobCommit(Sample.Job(pending.Key.Id), null, pending));
        return events;
    }

    private sealed class Recorder : IEventPublisher
    {
        public List<string> Published { get; } = [];

        public ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            Published.AddRange(events.Select(one => one.Id));
            return ValueTask.CompletedTask;
        }
    }
}
