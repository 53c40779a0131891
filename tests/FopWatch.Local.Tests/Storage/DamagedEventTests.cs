using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;

namespace FopWatch.Local.Tests.Storage;

/// <summary>Events that are unreadable or that the log refuses do not affect others.</summary>
public sealed class DamagedEventTests : IOperatorLog, IAsyncLifetime
{
    private readonly List<Trouble> _warned = [];
    private TempStore? _temp;
    private Troubles? _troubles;
    private OutboxDispatcher? _dispatcher;

    public static TheoryData<string> Bodies => Damage.EventBodies;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private TempStore Temp => _temp!;

    private OutboxDispatcher Dispatcher => _dispatcher!;

    public async ValueTask InitializeAsync()
    {
        _temp = await TempStore.OpenAsync();
        _troubles = new(this, TimeProvider.System);
        _dispatcher = Unobserved.Dispatcher(Temp.Store.Outbox, Temp.Store.Events, TimeProvider.System, _troubles);
    }

    public async ValueTask DisposeAsync()
    {
        Dispatcher.Dispose();
        await Temp.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task An_event_with_a_damaged_body_in_the_outbox_is_set_aside_and_does_not_delay_even_its_jobs_later_events(string body)
    {
        var first = Sample.Job("a").Progressed();
        var etag = await CommitAsync(first.On(null));
        Execute("UPDATE outbox SET body = CAST($1 AS BLOB)", body);
        await CommitAsync(first.Job.Settled(TimeSpan.FromMinutes(1)).On(etag));
        await CommitAsync(Sample.Job("b").Settled().On(null));

        Assert.Equal(2, await Dispatcher.DrainAsync(Cancelled));

        Assert.Equal(["a", "b"], (await Temp.Store.Events.ReadAsync(0, 10, Cancelled)).Select(one => one.Key.Id));
        await OneIsSetAsideAsync(TroubleKind.UnreadableEvents);
    }

    [Fact]
    public async Task An_event_with_a_damaged_time_in_the_outbox_is_set_aside()
    {
        await CommitAsync(Sample.Job("a").Settled().On(null));
        Execute("UPDATE outbox SET time = $1", long.MaxValue);
        await CommitAsync(Sample.Job("b").Settled().On(null));

        Assert.Equal(1, await Dispatcher.DrainAsync(Cancelled));

        await OneIsSetAsideAsync(TroubleKind.UnreadableEvents);
    }

    [Fact]
    public async Task An_event_that_becomes_readable_again_is_published()
    {
        await CommitAsync(Sample.Job("a").Settled().On(null));
        var whole = (await Temp.Store.Outbox.PendingAsync(10, Cancelled))[0].Body.ToArray();
        Execute("UPDATE outbox SET body = CAST($1 AS BLOB)", "not JSON");
        Assert.Equal(0, await Dispatcher.DrainAsync(Cancelled));

        Execute("UPDATE outbox SET body = $1", whole);
        Execute("UPDATE refused_events SET retry_at = $1", 0L);

        Assert.Equal(1, await Dispatcher.DrainAsync(Cancelled));
        Assert.Equal(0, await Temp.Store.Outbox.CountSetAsideAsync(Cancelled));
        Assert.Equal(0L, Scalar("SELECT count(*) FROM refused_events"));
    }

    [Fact]
    public async Task An_event_refused_by_the_log_is_set_aside_with_its_jobs_later_events_and_all_others_are_published()
    {
        Execute("CREATE TRIGGER refuse BEFORE INSERT ON events WHEN new.subject = 'bad' BEGIN SELECT RAISE(ABORT, 'refused'); END");
        await CommitAsync(Sample.Job("a").Settled().On(null));
        var bad = Sample.Job("bad").Progressed();
        var etag = await CommitAsync(bad.On(null));
        await CommitAsync(bad.Job.Settled(TimeSpan.FromMinutes(1)).On(etag));
        await CommitAsync(Sample.Job("b").Settled().On(null));

        Assert.Equal(2, await Dispatcher.DrainAsync(Cancelled));

        Assert.Equal(["a", "b"], (await Temp.Store.Events.ReadAsync(0, 10, Cancelled)).Select(one => one.Key.Id));
        Assert.Equal(2, (await Temp.Store.Outbox.DepthAsync(Cancelled)).Count);
        await OneIsSetAsideAsync(TroubleKind.EventsRefused);

        Execute("DROP TRIGGER refuse");
        Execute("UPDATE refused_events SET retry_at = $1", 0L);
        Assert.Equal(2, await Dispatcher.DrainAsync(Cancelled));
        var versions = (await Temp.Store.Events.ReadAsync(0, 10, Cancelled)).Where(one => one.Key.Id == "bad").Select(one => one.Type);
        Assert.Equal(["fopwatch.job.progressed", "fopwatch.job.settled"], versions);
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task A_damaged_event_in_the_log_keeps_its_position_with_its_problem_and_the_next_ones_are_read(string body)
    {
        var log = Temp.Store.Events;
        await log.PublishAsync([Sample.Event("a"), Sample.Event("b"), Sample.Event("c")], Cancelled);
        Execute("UPDATE events SET body = CAST($1 AS BLOB), time = 9223372036854775807 WHERE subject = 'b'", body);

        var read = await log.ReadAsync(0, 10, Cancelled);

        Assert.Equal([(1, true), (2, false), (3, true)], read.Select(one => (one.Seq, one.Problem is null)));
        Assert.Equal(0, await log.PurgeAsync(Sample.Start, DateTimeOffset.MaxValue, Cancelled));
    }

    void IOperatorLog.Settled(Job job, JobReferences references)
    {
    }

    void IOperatorLog.Warn(Trouble trouble) => _warned.Add(trouble);

    void IOperatorLog.Over(Trouble trouble, TimeSpan lasted)
    {
    }

    private async Task OneIsSetAsideAsync(TroubleKind kind)
    {
        Assert.Equal(1, await Temp.Store.Outbox.CountSetAsideAsync(Cancelled));
        var trouble = Assert.Single(_troubles!.Current);
        Assert.Equal(("media", kind, 1), (trouble.Source, trouble.Kind, trouble.Count));
        Assert.Equal(trouble, Assert.Single(_warned));

        // Nothing is retried before its wait is over.
        Assert.Equal(0, await Dispatcher.DrainAsync(Cancelled));
        Assert.Equal(1, _troubles.Current[0].Count);
    }

    private async Task<string> CommitAsync(JobCommit commit)
    {
        var etag = await Temp.Store.Jobs.CommitAsync(commit, Cancelled);
        Assert.NotNull(etag);
        return etag;
    }

    private void Execute(string sql, object? value = null) => Scalar(sql, value);

    private object? Scalar(string sql, object? value = null) => Temp.Scalar(sql, [value]);
}
