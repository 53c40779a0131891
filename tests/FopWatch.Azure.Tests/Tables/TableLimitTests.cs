using System.Text.Json;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>Jobs, events and bodies that are longer than a column, or than a row.</summary>
public sealed class TableLimitTests(SharedAzurite azurite) : IAsyncLifetime
{
    private TempTable _table = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private TableStore Store => _table.Store;

    public async ValueTask InitializeAsync() => _table = await TempTable.OpenAsync(await azurite.StartedAsync());

    public ValueTask DisposeAsync() => _table.DisposeAsync();

    [Theory]
    [InlineData(10)]
    [InlineData(150)]
    [InlineData(5_000)]
    public async Task A_job_and_its_event_that_fit_are_kept_whole_however_long(int items)
    {
        var change = Changed("a", Report(items, ItemState.Succeeded, closed: true));

        Assert.NotNull(await Store.Jobs.CommitAsync(change.On(null), Cancelled));

        var stored = (await Store.Jobs.FindAsync(new JobKey("media", "a"), Cancelled))!.Job;
        Assert.Equal(change.Job, stored with { Metadata = change.Job.Metadata });
        Assert.Equal(change.ToEvent()!.Body.ToArray(), Assert.Single(await Store.Outbox.PendingAsync(10, Cancelled)).Body.ToArray());
    }

    // The size at which it fits: random text cannot be compressed.
    [Theory]
    [InlineData(10, 1_500_000, 0, 0, nameof(FactsCut.Raw))]
    [InlineData(3, 0, 20_000, 0, nameof(FactsCut.Outputs))]
    [InlineData(1_000, 0, 0, 2_000, nameof(FactsCut.Details))]
    [InlineData(30_000, 0, 1, 60, nameof(FactsCut.Items))]
    public async Task A_job_that_does_not_fit_is_cut_with_correct_counts_and_outcome(int items, int raw, int outputs, int error, string expected)
    {
        var cut = Enum.Parse<FactsCut>(expected);
        var report = Report(items, ItemState.Failed, closed: true, raw, outputs, error);
        var change = Changed("a", report);

        Assert.NotNull(await Store.Jobs.CommitAsync(change.On(null), Cancelled));

        var stored = (await Store.Jobs.FindAsync(new JobKey("media", "a"), Cancelled))!;
        Assert.Equal(cut, stored.Job.Facts.Cut);
        Assert.Equal(JobState.Failed, stored.Job.State);
        Assert.Equal(new JobCounts(items, 0, items, 0), stored.Job.Facts.Counts);
        Assert.Equal(cut >= FactsCut.Outputs, stored.Job.ToRecord().Truncated);

        // The same report again is not a change.
        var again = stored.Job.Apply(report, Sample.Start.AddHours(1));
        Assert.Equal((stored.Job, null), (again.Job, again.EventType));
        Assert.Equal(1, Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Settled);
    }

    // The longest body that fits into a row, and a timeline smaller than the remaining space.
    [Theory]
    [InlineData(BodyColumns.MaxBytes - 5_000, FactsCut.None, true)]
    [InlineData(BodyColumns.MaxBytes - 100_000, FactsCut.None, false)]
    [InlineData(BodyColumns.MaxBytes + 100_000, FactsCut.Raw, false)]
    public async Task A_timeline_is_removed_before_the_providers_data_and_only_if_that_makes_it_fit(int raw, FactsCut cut, bool isTimelineCut)
    {
        var provider = ProviderKinds.For(ProviderKind.Qiniu);
        var source = new Source { Name = "media", Provider = provider, StatusEndpoint = new("https://api.example.com"), Tokens = new(["0123456789"]), Poll = provider.DefaultPoll };
        var polled = Sample.Job("a");
        for (var i = 0; i < 50; i++)
        {
            var input = new DecisionInput.Polled(polled.Watch, new(PollAnswer.Refused, Detail: Random(150, i)), 0.5);
            polled = JobDecider.Decide(polled.Key, polled, input, source, Sample.Start.AddMinutes(i))!.Job;
        }

        // Six random bits per character, which compression finds.
        var timeline = polled.Timeline;
        var change = Changed("a", Report(1, ItemState.Succeeded, closed: true, raw / 3 * 4));
        change = change with { Job = change.Job with { Timeline = timeline } };

        Assert.NotNull(await Store.Jobs.CommitAsync(change.On(null), Cancelled));

        var stored = (await Store.Jobs.FindAsync(new JobKey("media", "a"), Cancelled))!.Job;
        Assert.Equal((cut, isTimelineCut ? timeline.Cut() : timeline), (stored.Facts.Cut, stored.Timeline));
    }

    // Random text cannot be compressed: three results fit whole, thirty only with fewer frames.
    [Theory]
    [InlineData(3, FactsCut.None)]
    [InlineData(30, FactsCut.SmallResults)]
    public async Task Results_are_kept_as_far_as_a_row_holds_them_and_their_verdicts_always(int items, FactsCut expected)
    {
        var report = Report(items, ItemState.Succeeded, closed: true);
        report = report with
        {
            Facts = report.Facts.WithItems(report.Facts.Items.Select((item, i) => item with
            {
                Outputs = [],
                Result = $$"""{"cuts":[{{string.Join(',', Enumerable.Range(0, 3000).Select(cut => $"\"{Random(60, (i * 10_000) + cut)}\""))}}],"suggestion":"block"}""",
            })),
        };
        var change = Changed("a", report);

        Assert.NotNull(await Store.Jobs.CommitAsync(change.On(null), Cancelled));

        var stored = (await Store.Jobs.FindAsync(new JobKey("media", "a"), Cancelled))!.Job;
        Assert.Equal(expected, stored.Facts.Cut);
        Assert.All(stored.ToRecord().Items, item =>
        {
            Assert.Equal("block", item.Result!.Value.GetProperty("suggestion").GetString());
            var gone = 3000 - item.Result!.Value.GetProperty("cuts").GetArrayLength();
            Assert.Equal(gone == 0 ? [] : [("/result/cuts", gone)], item.Truncated?.Select(one => (one.At, one.Elements!.Value)) ?? []);
        });

        // The whole report again is not a change.
        var again = stored.Apply(report, Sample.Start.AddHours(1));
        Assert.Equal((stored, null), (again.Job, again.EventType));
    }

    // A result of many objects fits nowhere unchanged, and shortening its arrays does not help.
    [Theory]
    [InlineData(12, nameof(FactsCut.Results))]
    [InlineData(60, nameof(FactsCut.SmallResults))]
    [InlineData(300, nameof(FactsCut.Details))]
    public async Task Results_without_arrays_keep_their_verdicts_in_jobs_and_events(int items, string expected)
    {
        var facts = (JobFacts.None with { Closed = true }).WithItems(Enumerable.Range(0, items).Select(i => new ItemFacts
        {
            Command = $"audit/{i}",
            State = ItemState.Succeeded,
            Result = $$$"""{"frames":{{{{string.Join(',', Enumerable.Range(0, 1300).Select(frame => $"\"{frame}\":\"{Random(60, (i * 10_000) + frame)}\""))}}}},"result":{"suggestion":"block"},"suggestion":"block"}""",
        }));
        var change = Changed("a", new() { Id = null, Channel = ReportChannel.Poll, Facts = facts });

        Assert.NotNull(await Store.Jobs.CommitAsync(change.On(null), Cancelled));

        var stored = (await Store.Jobs.FindAsync(new JobKey("media", "a"), Cancelled))!.Job;
        var published = Read(Assert.Single(await Store.Outbox.PendingAsync(10, Cancelled))).Data;
        Assert.Equal(Enum.Parse<FactsCut>(expected), stored.Facts.Cut);
        foreach (var job in (JobRecord[])[stored.ToRecord(), published])
        {
            Assert.Equal((true, items), (job.Truncated, job.Items.Count));
            Assert.All(job.Items, item =>
            {
                Assert.Equal("block", item.Result!.Value.GetProperty("suggestion").GetString());
                Assert.Equal("block", item.Result.Value.GetProperty("result").GetProperty("suggestion").GetString());
                Assert.StartsWith("/result/frames/", item.Truncated!.First(gone => gone.Dropped == true).At, StringComparison.Ordinal);
            });
        }
    }

    [Fact]
    public async Task A_cut_open_job_settles_with_the_report_that_ends_it()
    {
        var running = Changed("a", Report(30_000, ItemState.Processing, closed: false, outputs: 1, error: 60)).Job;
        Assert.NotNull(await Store.Jobs.CommitAsync(running.New(), Cancelled));
        var stored = (await Store.Jobs.FindAsync(running.Key, Cancelled))!;
        Assert.Equal((JobState.Processing, FactsCut.Items), (stored.Job.State, stored.Job.Facts.Cut));

        var settled = stored.Job.Apply(Report(30_000, ItemState.Succeeded, closed: true, outputs: 1, error: 60), Sample.Start.AddHours(1));
        Assert.NotNull(await Store.Jobs.CommitAsync(settled.On(stored.ETag), Cancelled));

        var job = (await Store.Jobs.FindAsync(running.Key, Cancelled))!.Job;
        Assert.Equal((JobState.Succeeded, new JobCounts(30_000, 30_000, 0, 0)), (job.State, job.Facts.Counts));
        Assert.Null(await Store.Due.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));
    }

    [Fact]
    public async Task Unreasonably_long_texts_are_cut_too()
    {
        var report = Report(1, ItemState.Succeeded, closed: true);
        report = report with { Facts = report.Facts with { Key = Random(3_000_000) } };

        Assert.NotNull(await Store.Jobs.CommitAsync(Changed("a", report).On(null), Cancelled));

        var job = (await Store.Jobs.FindAsync(new JobKey("media", "a"), Cancelled))!.Job;
        Assert.Equal((JobState.Succeeded, FactsCut.Texts), (job.State, job.Facts.Cut));
        Assert.Equal(JobState.Succeeded, Read(Assert.Single(await Store.Outbox.PendingAsync(10, Cancelled))).Data.State);
    }

    [Fact]
    public async Task A_repeated_commit_of_a_cut_job_succeeds()
    {
        var commit = Changed("a", Report(30_000, ItemState.Failed, closed: true, outputs: 1, error: 60)).On(null);
        var etag = await Store.Jobs.CommitAsync(commit, Cancelled);

        Assert.NotNull(etag);
        Assert.Equal(etag, await Store.Jobs.CommitAsync(commit, Cancelled));
    }

    [Fact]
    public async Task An_event_that_does_not_fit_is_shortened_and_says_where()
    {
        var change = Changed("a", Report(1_000, ItemState.Failed, closed: true, error: 2_000));
        Assert.NotNull(await Store.Jobs.CommitAsync(change.On(null), Cancelled));

        var pending = Assert.Single(await Store.Outbox.PendingAsync(10, Cancelled));

        var expected = change.ToEvent()!;
        Assert.Equal(expected with { Body = default }, pending with { Body = default });
        var reduced = Read(pending);
        Assert.All(reduced.Data.Items, item =>
        {
            Assert.Equal(ItemFacts.ErrorKept, item.Error!.Length);
            Assert.Equal(["/error", "/outputs"], item.Truncated!.Select(gone => gone.At).Order(StringComparer.Ordinal));
            Assert.Equal(1, item.Truncated!.Single(gone => gone.At == "/outputs").Elements);
        });
        Assert.Equal(1_000, reduced.Data.Items.Count);
        Assert.True(reduced.Data.Truncated);
        Assert.Equal(new JobCounts(1_000, 0, 1_000, 0), reduced.Data.Counts);
        Assert.Equal((expected.Id, JobState.Failed, "b", change.Job.Version), (reduced.Id, reduced.Data.State, reduced.Data.Bucket, reduced.Data.Version));
    }

    [Fact]
    public async Task Values_unsuitable_for_columns_do_no_harm()
    {
        var report = Report(1, ItemState.Succeeded, closed: true);
        report = report with { Facts = report.Facts with { Key = "a\0b\u0007\u0085'\"\n😀\r\n" + new string('长', 40_000), Bucket = "", RequestId = "/\\#?" } };
        var change = Changed("a", report);

        Assert.NotNull(await Store.Jobs.CommitAsync(change.On(null), Cancelled));

        Assert.Equal(change.Job.Facts, (await Store.Jobs.FindAsync(new JobKey("media", "a"), Cancelled))?.Job.Facts);
    }

    [Theory]
    [InlineData(64 * 1024)]
    [InlineData((64 * 1024) + 1)]
    [InlineData(BodyColumns.MaxBytes - 200)]
    [InlineData(BodyColumns.MaxBytes)]
    [InlineData(BodyColumns.MaxBytes + 1)]
    [InlineData(9_000_000)]
    public async Task A_body_of_any_length_is_quarantined_byte_for_byte(int length)
    {
        var notification = Sample.Notification("k") with { Body = Bytes(length) };

        await Store.Quarantine.AddAsync(notification, Cancelled);

        Assert.Equal(notification.Body.ToArray(), (await Store.Quarantine.FindAsync("k", Cancelled))?.Body.ToArray());
        Assert.Equal(notification.Body.ToArray(), Assert.Single((await Store.Quarantine.ListAsync(["media"], 10, null, Cancelled)).Elements).Body.ToArray());
        Assert.Equal(1, await Store.Quarantine.CountAsync(Cancelled));

        await Store.Quarantine.RemoveAsync("k", Cancelled);
        Assert.Empty(await QuarantineRowsAsync());
    }

    [Fact]
    public async Task A_long_URL_and_long_headers_are_kept_too()
    {
        var notification = Sample.Notification("k") with
        {
            Url = new("https://hooks.example.com/api/notify/media/a-token_0?" + new string('x', 60_000)),
            Headers = [KeyValuePair.Create("Authorization", new string('+', 30_000)), KeyValuePair.Create("X-Qiniu-Date", "😀'\"")],
            Body = Bytes(BodyColumns.MaxBytes - 100),
        };

        await Store.Quarantine.AddAsync(notification, Cancelled);

        var found = (await Store.Quarantine.FindAsync("k", Cancelled))!;
        Assert.Equal(notification.Url.OriginalString, found.Url.OriginalString);
        Assert.Equal(notification.Headers, found.Headers);
        Assert.Equal(notification.Body.ToArray(), found.Body.ToArray());
    }

    [Fact]
    public async Task An_interrupted_quarantining_leaves_nothing_to_be_found_and_its_pieces_are_purged_in_time()
    {
        var wire = new InterceptedRequests();
        var breaking = await _table.StoreAsync(wire.Between);
        wire.Fates = request => request == "insert" ? Fate.Unsent : Fate.Answered;
        await Assert.ThrowsAsync<StoreUnavailableException>(
            async () => await breaking.Quarantine.AddAsync(Sample.Notification("broken") with { Body = Bytes(3_000_000) }, Cancelled));
        await Store.Quarantine.AddAsync(Sample.Notification("whole") with { Body = Bytes(2_000_000) }, Cancelled);

        Assert.Null(await Store.Quarantine.FindAsync("broken", Cancelled));
        Assert.Equal(1, await Store.Quarantine.CountAsync(Cancelled));

        // A notification that is being written is not purged.
        Assert.Equal(5 + 3 + 1, (await QuarantineRowsAsync()).Count);
        await (await _table.StoreAsync(time: new SetTime(Sample.Start.AddHours(23)))).JobPurge.PurgeAsync(Sample.Start, TimeSpan.MaxValue, Cancelled);
        Assert.Equal(5 + 3 + 1, (await QuarantineRowsAsync()).Count);

        await (await _table.StoreAsync(time: new SetTime(Sample.Start.AddHours(25)))).JobPurge.PurgeAsync(Sample.Start, TimeSpan.MaxValue, Cancelled);
        Assert.Equal(3 + 1, (await QuarantineRowsAsync()).Count);
        Assert.Equal(2_000_000, (await Store.Quarantine.FindAsync("whole", Cancelled))?.Body.Length);
    }

    private static JobChange Changed(string id, JobReport report) => Sample.Job(id).Apply(report, Sample.Start.AddMinutes(1));

    private static JobReport Report(int items, ItemState state, bool closed, int raw = 0, int outputs = 1, int error = 0) => new()
    {
        Id = null,
        Channel = ReportChannel.Notification,
        Facts = (JobFacts.None with { Bucket = "b", Closed = closed, Raw = raw == 0 ? null : new(closed, Random(raw)) }).WithItems(
            Enumerable.Range(0, items).Select(i => new ItemFacts
            {
                Command = $"copy/{i:000000}/{Random(40, i)}",
                State = state,
                Error = error == 0 ? null : Random(error, i),
                Outputs = [.. Enumerable.Range(0, outputs).Select(output => new OutputFacts { Bucket = "b", Key = $"{i}/{output}", Hash = Random(28, (i * 100_000) + output) })],
            })),
    };

    private static string Random(int length, int seed = 0) => string.Create(length, seed, (text, from) =>
        new Random(from).GetItems("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", text));

    private static byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static JobEvent Read(OutboxEvent pending) =>
        JsonSerializer.Deserialize(pending.Body.Span, ContractsJson.Default.JobEvent) ?? throw new JsonException("An event is null.");

    private async Task<List<TableEntity>> QuarantineRowsAsync() =>
        await _table.Rows.QueryAsync<TableEntity>("PartitionKey eq 'media|q'", cancellationToken: Cancelled).ToListAsync(Cancelled);
}
