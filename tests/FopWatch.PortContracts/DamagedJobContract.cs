using System.Diagnostics;
using System.Text;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Upkeep;
using FopWatch.Watching;

namespace FopWatch.PortContracts;

/// <summary>How every store handles an unreadable job: it reports it, and all other jobs continue.</summary>
public abstract class DamagedJobContract : StoreContract<IJobStore>
{
    private static readonly JobKey Bad = new("media", "bad");

    public static TheoryData<string> Damages => Damage.JobDocuments;

    protected override IJobStore Jobs => Port;

    protected abstract IDueIndex Due { get; }

    protected abstract Task<string> ReadDocumentAsync(JobKey key);

    /// <summary>Replaces the stored document of a job directly in the storage.</summary>
    protected abstract Task WriteDocumentAsync(JobKey key, string document);

    /// <summary>Deletes jobs that settled before a time.</summary>
    protected abstract Task<int> PurgeAsync(DateTimeOffset settledBefore);

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task An_unreadable_job_is_named_and_does_not_affect_others(string how)
    {
        await CommitAsync(Sample.Job("first").Settled().On(null));
        await CommitAsync(Sample.Job(Bad.Id).Progressed().On(null));
        await CommitAsync(Sample.Job("last").New());
        var document = await ReadDocumentAsync(Bad);
        var damaged = Damage.OfJob(how, document);
        await WriteDocumentAsync(Bad, damaged);

        var thrown = await Assert.ThrowsAsync<UnreadableJobException>(async () => await Port.FindAsync(Bad, Cancelled));
        Assert.Equal(Bad, thrown.Job?.Key);
        Assert.DoesNotContain("avthumb", thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("bad", thrown.Message, StringComparison.Ordinal);
        var reference = Port.References.Of(Bad);
        await Assert.ThrowsAsync<UnreadableJobException>(async () => await Port.FindByReferenceAsync("media", reference, Cancelled));

        var page = await Port.ListAsync(new JobQuery(), Cancelled);
        Assert.Equal(["first", "last"], page.Elements.Select(job => job.Key.Id).Order());
        Assert.Equal([reference], page.Unreadable);
        var pages = await PagesAsync(continuation => Port.ListAsync(new JobQuery { Top = 1, Continuation = continuation }, Cancelled));
        Assert.Equal(["first", "last"], pages.SelectMany(one => one).Select(job => job.Key.Id).Order());

        // It moves on in the due index, and its document is unchanged.
        await Port.SetAsideAsync(thrown.Job!, Sample.Start, Cancelled);
        Assert.Equal(damaged, await ReadDocumentAsync(Bad));
        Assert.DoesNotContain(await Due.DueAsync("media", Sample.Start, 10, Cancelled), due => due.Key == Bad);
        Assert.Equal(0, Assert.Single(await Port.BooksAsync(Cancelled)).Unaccounted);
        Assert.Empty(await Port.UnwatchedAsync(10, Cancelled));
        await PurgeAsync(Sample.Start.AddDays(1));

        // Once repaired, it is as before.
        await WriteDocumentAsync(Bad, document);
        var stored = await Port.FindAsync(Bad, Cancelled);
        Assert.NotNull(stored);
        Assert.NotNull(await Port.CommitAsync(stored.Job.Settled(TimeSpan.FromMinutes(1)).On(stored.ETag), Cancelled));
        Assert.DoesNotContain(await Due.DueAsync("media", DateTimeOffset.MaxValue.AddYears(-1), 10, Cancelled), due => due.Key == Bad);
        Assert.Equal(0, Assert.Single(await Port.BooksAsync(Cancelled)).Unaccounted);
    }

    [Fact]
    public async Task A_job_that_stays_unreadable_waits_longer_each_time_until_a_commit_succeeds()
    {
        await CommitAsync(Sample.Job(Bad.Id).New());
        var document = await ReadDocumentAsync(Bad);
        await WriteDocumentAsync(Bad, "not JSON");

        List<TimeSpan> waits = [];
        for (var i = 0; i < 7; i++)
            waits.Add(await SetAsideAsync());
        Assert.Equal([1, 2, 4, 8, 16, 32, 32], waits.Select(wait => wait.TotalMinutes));

        await WriteDocumentAsync(Bad, document);
        var stored = (await Port.FindAsync(Bad, Cancelled))!;
        await CommitAsync(new(stored.Job.DueAt(Sample.Start), stored.ETag, null));
        Assert.Equal(Sample.Start, Assert.Single(await Due.DueAsync("media", Sample.Start.AddYears(1), 10, Cancelled)).DueAt);
        await WriteDocumentAsync(Bad, "not JSON");
        Assert.Equal(TimeSpan.FromMinutes(1), await SetAsideAsync());

        async Task<TimeSpan> SetAsideAsync()
        {
            var thrown = await Assert.ThrowsAsync<UnreadableJobException>(async () => await Port.FindAsync(Bad, Cancelled));
            await Port.SetAsideAsync(thrown.Job!, Sample.Start, Cancelled);
            return Assert.Single(await Due.DueAsync("media", Sample.Start.AddYears(1), 10, Cancelled)).DueAt - Sample.Start;
        }
    }

    [Fact]
    public async Task An_unreadable_job_does_not_prevent_others_from_being_brought_forward_after_a_clock_was_ahead()
    {
        var time = new ManualTimeProvider(Sample.Start);
        var recording = new ObservedRecorder(Port, time);
        await recording.Recorder.RegisterAsync(recording.Source, Bad.Id, Job.NoMetadata, TimeSpan.FromDays(1), Cancelled);
        await WriteDocumentAsync(Bad, "not JSON");
        time.Ahead = TimeSpan.FromDays(2);
        await recording.Recorder.RegisterAsync(recording.Source, "good", Job.NoMetadata, null, Cancelled);
        time.Ahead = TimeSpan.Zero;

        Assert.Equal(1, await new ClockSkewRepair(recording.Sources, Port, Due, recording.Recorder, new(), time).BringForwardAsync(Cancelled));

        Assert.Equal("good", (await Due.DueAsync("media", Sample.Start.AddHours(1), 10, Cancelled)).Single().Key.Id);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_unreadable_settled_or_stopped_job_is_not_added_to_the_due_index(bool isSettled)
    {
        var job = Sample.Job(Bad.Id);
        await CommitAsync(isSettled ? job.Expired().On(null) : job.Stopped().New());
        await WriteDocumentAsync(Bad, "not JSON");
        var thrown = await Assert.ThrowsAsync<UnreadableJobException>(async () => await Port.FindAsync(Bad, Cancelled));

        await Port.SetAsideAsync(thrown.Job!, Sample.Start, Cancelled);

        Assert.Empty(await Due.DueAsync("media", Sample.Start.AddYears(1), 10, Cancelled));
        Assert.Equal(0, Assert.Single(await Port.BooksAsync(Cancelled)).Unaccounted);
    }

    [Fact]
    public async Task A_job_set_aside_that_is_not_watched_leaves_the_due_index_when_its_poll_is_due()
    {
        await CommitAsync(Sample.Job(Bad.Id).New());
        await WriteDocumentAsync(Bad, "not JSON");
        var recording = new ObservedRecorder(Port, new ManualTimeProvider(Sample.Start));
        var poller = Unobserved.Poller(recording.Sources, Port, new NotAsked(), recording.Recorder, new ManualTimeProvider(Sample.Start));
        Assert.Equal(new Polled(null, null), await poller.PollDueAsync(Bad, slots: null, CommitCause.Watch, Cancelled));
        Assert.Single(await Due.DueAsync("media", Sample.Start.AddYears(1), 10, Cancelled));
        await WriteDocumentAsync(Bad, Encoding.UTF8.GetString(JobJson.Serialize(Sample.Job(Bad.Id).Stopped())));

        var gone = await poller.PollDueAsync(Bad, slots: null, CommitCause.Watch, Cancelled);
        Assert.Null(gone.Answer);

        Assert.Equal(WatchStatus.Stopped, gone.Job!.WatchStatus);
        Assert.Empty(await Due.DueAsync("media", Sample.Start.AddYears(1), 10, Cancelled));
        var books = Assert.Single(await Port.BooksAsync(Cancelled));
        Assert.Equal((0, 1), (books.Unaccounted, books.Stopped));
    }

    [Fact]
    public async Task A_job_set_aside_by_a_clock_that_was_ahead_is_read_again_within_the_longest_wait()
    {
        var time = new ManualTimeProvider(Sample.Start);
        var recording = new ObservedRecorder(Port, time);
        await recording.Recorder.RegisterAsync(recording.Source, Bad.Id, Job.NoMetadata, null, Cancelled);
        await WriteDocumentAsync(Bad, "not JSON");
        var thrown = await Assert.ThrowsAsync<UnreadableJobException>(async () => await Port.FindAsync(Bad, Cancelled));
        await Port.SetAsideAsync(thrown.Job!, Sample.Start.AddDays(60), Cancelled);

        await new ClockSkewRepair(recording.Sources, Port, Due, recording.Recorder, new(), time).BringForwardAsync(Cancelled);

        Assert.Equal(Bad, Assert.Single(await Due.DueAsync("media", Sample.Start + SetAside.Longest, 10, Cancelled)).Key);
    }

    [Fact]
    public async Task A_job_changed_since_it_was_unreadable_is_not_set_aside()
    {
        var etag = await CommitAsync(Sample.Job(Bad.Id).New());
        var document = await ReadDocumentAsync(Bad);
        await WriteDocumentAsync(Bad, "not JSON");
        var thrown = await Assert.ThrowsAsync<UnreadableJobException>(async () => await Port.FindAsync(Bad, Cancelled));
        await WriteDocumentAsync(Bad, document);
        var stored = (await Port.FindAsync(Bad, Cancelled))!;
        await CommitAsync(new(stored.Job.DueAt(Sample.Start.AddHours(1)), stored.ETag, null));

        await Port.SetAsideAsync(thrown.Job!, Sample.Start, Cancelled);
        await Port.SetAsideAsync(new(new("media", "nobody"), etag, "it is gone"), Sample.Start, Cancelled);
        await Port.SetAsideAsync(new(Bad, "no etag", "it is gone"), Sample.Start, Cancelled);

        Assert.Equal(Sample.Start.AddHours(1), Assert.Single(await Due.DueAsync("media", Sample.Start.AddYears(1), 10, Cancelled)).DueAt);
    }

    private sealed class NotAsked : IStatusApi
    {
        public Task<StatusAnswer> AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken) => throw new UnreachableException();
    }
}
