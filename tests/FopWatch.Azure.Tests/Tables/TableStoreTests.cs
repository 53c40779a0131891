using Azure;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Contract.Tests;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>What the store does beyond the contracts of its ports.</summary>
public sealed class TableStoreTests(SharedAzurite azurite) : IAsyncLifetime
{
    private TempTable _table = null!;

    public static TheoryData<string> EventBodies => Damage.EventBodies;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private TableStore Store => _table.Store;

    public async ValueTask InitializeAsync() => _table = await TempTable.OpenAsync(await azurite.StartedAsync());

    public ValueTask DisposeAsync() => _table.DisposeAsync();

    [Fact]
    public async Task A_table_that_was_made_with_another_number_of_buckets_is_refused_in_words()
    {
        var service = (await azurite.StartedAsync()).Client();

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(
            () => TableStore.CreateAsync(service, _table.Options with { Buckets = 4 }, TimeProvider.System, Cancelled));

        Assert.Contains("3 buckets and the settings say 4", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_hosts_may_open_a_new_table_at_once()
    {
        var service = (await azurite.StartedAsync()).Client();
        var options = new TableStoreOptions { TableName = $"t{Guid.NewGuid():N}" };

        var stores = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => TableStore.CreateAsync(service, options, TimeProvider.System, Cancelled)));

        Assert.NotNull(await stores[0].Jobs.CommitAsync(Sample.Job("a").New(), Cancelled));
        Assert.NotNull(await stores[7].Jobs.FindAsync(new JobKey("media", "a"), Cancelled));
        Assert.Single(stores.Select(store => store.Jobs.References.Of(new("media", "a"))).Distinct());
        await service.DeleteTableAsync(options.TableName, Cancelled);
    }

    [Fact]
    public async Task A_job_that_was_stored_before_jobs_had_references_is_found_and_purged()
    {
        var job = Sample.Job("a").Settled().Job;
        await Store.Jobs.CommitAsync(job.New(), Cancelled);
        var reference = Store.Jobs.References.Of(job.Key);
        await ForgetReferenceAsync(job, reference);

        Assert.Equal(job.Key, (await Store.Jobs.FindByReferenceAsync(null, reference, Cancelled))?.Key);
        Assert.Equal((1, true), await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));
        Assert.Null(await Store.Jobs.FindByReferenceAsync(null, reference, Cancelled));
        Assert.True(await Store.Jobs.HasTombstoneAsync(job.Key, Cancelled));
        Assert.Equal(1, await CountRowsAsync());
    }

    [Fact]
    public async Task Jobs_that_a_clock_which_was_ahead_registered_or_settled_are_purged_by_the_services_time()
    {
        var ahead = DateTimeOffset.UtcNow.AddDays(400) - Sample.Start;
        await Store.Jobs.CommitAsync(Sample.Job("settled").Settled(ahead).Job.New(), Cancelled);
        await Store.Jobs.CommitAsync(Sample.Job("all", after: ahead).Settled(TimeSpan.FromMinutes(1)).Job.New(), Cancelled);
        await Store.Jobs.CommitAsync(Sample.Job("open", after: ahead).New(), Cancelled);

        // They were written just now.
        Assert.Equal((0, true), await Store.JobPurge.PurgeAsync(DateTimeOffset.UtcNow.AddHours(-1), TimeSpan.MaxValue, Cancelled));
        Assert.Equal((2, true), await Store.JobPurge.PurgeAsync(DateTimeOffset.UtcNow.AddHours(1), TimeSpan.MaxValue, Cancelled));

        Assert.Equal(new Books("media", 1, 0, 0, 1, 0), Assert.Single(await Store.Jobs.BooksAsync(Cancelled)));
    }

    [Fact]
    public async Task An_old_job_has_its_reference_once_it_is_written_again()
    {
        var job = Sample.Job("a");
        var etag = await Store.Jobs.CommitAsync(job.New(), Cancelled);
        var reference = Store.Jobs.References.Of(job.Key);
        await ForgetReferenceAsync(job, reference);

        await Store.Jobs.CommitAsync(job.Settled().On(etag), Cancelled);

        Assert.True((await _table.Rows.GetEntityIfExistsAsync<TableEntity>(PartitionOf(job), $"r|{reference}", null, Cancelled)).HasValue);
        await Store.Outbox.RemoveAsync(await Store.Outbox.PendingAsync(10, Cancelled), Cancelled);
        Assert.Equal((1, true), await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));
        Assert.True(await Store.Jobs.HasTombstoneAsync(job.Key, Cancelled));
        Assert.Equal(1, await CountRowsAsync());
    }

    [Fact]
    public async Task A_reference_whose_job_is_gone_finds_nothing()
    {
        var job = Sample.Job("a");
        await Store.Jobs.CommitAsync(job.New(), Cancelled);
        await _table.Rows.DeleteEntityAsync(PartitionOf(job), "j|a", ETag.All, Cancelled);

        Assert.Null(await Store.Jobs.FindByReferenceAsync(null, Store.Jobs.References.Of(job.Key), Cancelled));
    }

    [Theory]
    [InlineData("no", 16, 16)]
    [InlineData("1table", 16, 16)]
    [InlineData("a-table", 16, 16)]
    [InlineData("table", 0, 16)]
    [InlineData("table", 257, 16)]
    [InlineData("table", 16, 0)]
    public async Task Options_outside_their_range_are_refused(string name, int buckets, int parallelism)
    {
        var service = (await azurite.StartedAsync()).Client();
        var options = new TableStoreOptions { TableName = name, Buckets = buckets, Parallelism = parallelism };

        await Assert.ThrowsAsync<ArgumentException>(() => TableStore.CreateAsync(service, options, TimeProvider.System, Cancelled));
    }

    [Fact]
    public async Task A_source_that_another_host_brought_is_seen_at_once()
    {
        var other = await _table.StoreAsync();
        await other.Jobs.CommitAsync(Sample.Job("a", "new").Settled().On(null), Cancelled);
        await other.Quarantine.AddAsync(Sample.Notification("k", "newer"), Cancelled);

        Assert.Single((await Store.Jobs.ListAsync(new JobQuery(), Cancelled)).Elements);
        Assert.Single(await Store.Outbox.PendingAsync(10, Cancelled));
        Assert.Equal("new", Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Source);
        Assert.NotNull(await Store.Quarantine.FindAsync("k", Cancelled));
    }

    [Fact]
    public async Task An_event_whose_row_is_damaged_holds_up_no_other_and_still_counts()
    {
        foreach (var id in (string[])["a", "b", "c"])
            await Store.Jobs.CommitAsync(Sample.Job(id).Settled().On(null), Cancelled);
        await foreach (var row in _table.Rows.QueryAsync<TableEntity>("RowKey ge 'o|' and RowKey lt 'p'", cancellationToken: Cancelled))
        {
            if (row.RowKey.Contains("|a|", StringComparison.Ordinal))
                row.Remove("Body");
            else if (row.RowKey.Contains("|b|", StringComparison.Ordinal))
                row.Remove("EventId");
            await _table.Rows.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancelled);
        }

        var pending = await Store.Outbox.PendingAsync(10, Cancelled);
        Assert.Equal([("a", false), ("b", false), ("c", true)], pending.Select(one => (one.Key.Id, one.Problem is null)));
        var publisher = new Recorder();
        using var dispatcher = new OutboxDispatcher(Store.Outbox, publisher, new FixedTime(Sample.Start));
        Assert.Equal(1, await dispatcher.DrainAsync(Cancelled));
        Assert.Equal(["c"], publisher.Published.Select(one => one.Key.Id));
        Assert.Equal((2, 2), ((await Store.Outbox.DepthAsync(Cancelled)).Count, await Store.Outbox.CountSetAsideAsync(Cancelled)));
    }

    [Theory]
    [MemberData(nameof(EventBodies))]
    public async Task An_event_whose_body_is_damaged_is_set_aside_and_keeps_not_even_its_jobs_later_ones_back(string body)
    {
        var first = Sample.Job("a").Progressed();
        var etag = await Store.Jobs.CommitAsync(first.On(null), Cancelled);
        await foreach (var row in _table.Rows.QueryAsync<TableEntity>("RowKey ge 'o|' and RowKey lt 'p'", cancellationToken: Cancelled))
        {
            row["Body"] = body;
            await _table.Rows.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancelled);
        }

        Assert.NotNull(await Store.Jobs.CommitAsync(first.Job.Settled(TimeSpan.FromMinutes(1)).On(etag), Cancelled));
        var publisher = new Recorder();
        using var dispatcher = new OutboxDispatcher(Store.Outbox, publisher, new FixedTime(Sample.Start));

        Assert.Equal(1, await dispatcher.DrainAsync(Cancelled));
        Assert.Equal([first.Job.Version + 1], publisher.Published.Select(one => one.Version));
        Assert.Equal((1, 1), ((await Store.Outbox.DepthAsync(Cancelled)).Count, await Store.Outbox.CountSetAsideAsync(Cancelled)));
    }

    [Theory]
    [InlineData("Head0", "not JSON")]
    [InlineData("Head0", """{"Url":null,"Headers":[]}""")]
    [InlineData("Head0", """{"Url":"https://a.example","Headers":[["one"]]}""")]
    [InlineData("Head0", """{"Url":"no url","Headers":[]}""")]
    [InlineData("Head0", 7)]
    [InlineData("Chunks", "many")]
    [InlineData("Chunks", 3)]
    [InlineData("Size", "large")]
    [InlineData("Size", 1)]
    [InlineData("Body0", null)]
    [InlineData("ReceivedAt", "today")]
    [InlineData("Key", null)]
    public async Task A_notification_whose_row_is_damaged_is_named_and_no_other_suffers(string column, object? value)
    {
        foreach (var key in (string[])["1", "2", "3"])
            await Store.Quarantine.AddAsync(Sample.Notification(key), Cancelled);
        await foreach (var row in _table.Rows.QueryAsync<TableEntity>("Key eq '2'", cancellationToken: Cancelled))
        {
            if (value is null)
                row.Remove(column);
            else
                row[column] = value;
            await _table.Rows.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancelled);
        }

        var page = await Store.Quarantine.ListAsync(null, 10, null, Cancelled);
        Assert.Equal(["3", "1"], page.Elements.Select(one => one.Key));
        Assert.Equal(["2"], page.Unreadable);
        await Assert.ThrowsAsync<UnreadableNotificationException>(async () => await Store.Quarantine.FindAsync("2", Cancelled));
        Assert.Equal(3, await Store.Quarantine.CountAsync(Cancelled));
        Assert.Equal(3, (await Store.Quarantine.SizeAsync("media", Cancelled)).Notifications);

        await Store.Quarantine.RemoveAsync("2", Cancelled);
        Assert.Null(await Store.Quarantine.FindAsync("2", Cancelled));
        Assert.Equal(2, await Store.Quarantine.CountAsync(Cancelled));
    }

    [Fact]
    public async Task A_table_of_a_newer_version_is_refused_with_the_version_that_wrote_it_and_what_to_do()
    {
        await _table.Rows.UpdateEntityAsync(
            new TableEntity("|", "layout") { ["Version"] = 9, ["WrittenBy"] = "7.1.0" }, ETag.All, TableUpdateMode.Merge, Cancelled);

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => _table.StoreAsync());

        Assert.Contains("newer FopWatch (7.1.0)", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Deploy that version", refusal.Message, StringComparison.Ordinal);
    }

    private sealed class Recorder : IEventPublisher
    {
        public List<OutboxEvent> Published { get; } = [];

        public ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            Published.AddRange(events);
            return ValueTask.CompletedTask;
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    public async Task An_event_of_an_earlier_version_is_redacted_when_it_is_read(int? redaction)
    {
        var stored = EarlierEvent.Stored;
        await Store.Jobs.CommitAsync(new(Sample.Job("a"), null, stored), Cancelled);
        await foreach (var row in _table.Rows.QueryAsync<TableEntity>("RowKey ge 'o|' and RowKey lt 'p'", cancellationToken: Cancelled))
        {
            row.Remove("Redaction");
            if (redaction is not null)
                row["Redaction"] = redaction;
            await _table.Rows.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancelled);
        }

        var pending = Assert.Single(await Store.Outbox.PendingAsync(10, Cancelled));

        EarlierEvent.AssertRedacted(pending.Id, pending.Body);
    }

    [Fact]
    public async Task A_job_of_an_earlier_version_is_read_without_its_secrets_and_with_the_items_of_today()
    {
        await Store.Jobs.CommitAsync(new(EarlierJob.Stored, null, null), Cancelled);

        EarlierJob.AssertUpgraded((await Store.Jobs.FindAsync(EarlierJob.Stored.Key, Cancelled))?.Job);
        EarlierJob.AssertUpgraded(Assert.Single((await Store.Jobs.ListAsync(new JobQuery(), Cancelled)).Elements));
    }

    [Fact]
    public async Task An_event_of_this_version_is_published_as_it_was_committed()
    {
        var stored = EarlierEvent.Stored;
        await Store.Jobs.CommitAsync(new(Sample.Job("a"), null, stored), Cancelled);

        Assert.Equal(stored.Body.ToArray(), Assert.Single(await Store.Outbox.PendingAsync(10, Cancelled)).Body.ToArray());
    }

    [Fact]
    public async Task What_people_filter_on_is_in_columns()
    {
        var job = Sample.Job("a").PartiallyFailed(TimeSpan.FromMinutes(1)).Job;
        await Store.Jobs.CommitAsync(job.New(), Cancelled);

        var filter = "Source eq 'media' and State eq 'partiallyFailed' and Settled eq true and Bucket eq 'b' and Key eq 'in.mp4' and SettledBy eq 'poll'";
        var row = Assert.Single(await _table.Rows.QueryAsync<TableEntity>(filter, cancellationToken: Cancelled).ToListAsync(Cancelled));

        Assert.Equal(("a", job.Version, job.RegisteredAt), (row.GetString("Id"), row.GetInt64("Version"), row.GetDateTimeOffset("RegisteredAt")));
        Assert.Equal((job.UpdatedAt, job.SettledAt, null), (row.GetDateTimeOffset("UpdatedAt"), row.GetDateTimeOffset("SettledAt"), row.GetDateTimeOffset("DueAt")));
    }

    [Fact]
    public async Task Of_many_hosts_that_change_one_job_over_and_over_none_loses_a_change()
    {
        var key = new JobKey("media", "a");
        Assert.NotNull(await Store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled));
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _table.StoreAsync()));

        // All different: of two equal commits on one version, both would be done.
        await Task.WhenAll(stores.SelectMany((store, host) => Enumerable.Range(0, 2).Select(writer => Task.Run(async () =>
        {
            for (var done = 0; done < 5;)
            {
                var stored = (await store.Jobs.FindAsync(key, Cancelled))!;
                var due = Sample.Start.AddSeconds(stored.Job.Watch.Polls + 1).AddMilliseconds((host * 2) + writer);
                if (await store.Jobs.CommitAsync(new(stored.Job.DueAt(due), stored.ETag, null), Cancelled) is not null)
                    done++;
            }
        }))));

        Assert.Equal(40, (await Store.Jobs.FindAsync(key, Cancelled))?.Job.Watch.Polls);
        Assert.Equal([key], (await Store.Due.DueAsync("media", Sample.Start.AddDays(1), 10, Cancelled)).Select(due => due.Key));
        Assert.Equal(1, Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Open);
    }

    [Fact]
    public async Task A_list_goes_on_across_partitions_and_sources_where_times_and_ids_are_equal()
    {
        foreach (var source in new[] { "media", "other", "more" })
        {
            for (var i = 0; i < 20; i++)
                await Store.Jobs.CommitAsync(Sample.Job($"j{i}", source, TimeSpan.FromMinutes(i / 7)).New(), Cancelled);
        }

        foreach (var top in new[] { 1, 7, 59, 60 })
        {
            var listed = new List<Job>();
            string? continuation = null;
            do
            {
                var page = await Store.Jobs.ListAsync(new JobQuery { Top = top, Continuation = continuation }, Cancelled);
                listed.AddRange(page.Elements);
                continuation = page.Continuation;
            }
            while (continuation is not null);

            Assert.Equal(60, listed.DistinctBy(job => job.Key).Count());
            Assert.Equal(60, listed.Count);
            Assert.Equal(listed.Select(job => job.RegisteredAt).OrderDescending(), listed.Select(job => job.RegisteredAt));
        }
    }

    [Fact]
    public async Task More_rows_of_a_partition_than_the_service_answers_at_once_are_read_to_the_end()
    {
        await using var narrow = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 1);
        await Parallel.ForEachAsync(Enumerable.Range(0, 1100), Cancelled, async (i, token) =>
            await narrow.Store.Jobs.CommitAsync(Sample.Job($"j{i:0000}", after: TimeSpan.FromSeconds(i)).DueAt(null).Settled().On(null), token));

        Assert.Equal(((long)IOutbox.MostCounted, (DateTimeOffset?)Sample.Start), await narrow.Store.Outbox.DepthAsync(Cancelled));
        Assert.Equal(1100, Assert.Single(await narrow.Store.Jobs.BooksAsync(Cancelled)).Settled);
        var pending = await narrow.Store.Outbox.PendingAsync(1050, Cancelled);
        Assert.Equal(Enumerable.Range(0, 1050).Select(i => $"j{i:0000}"), pending.Select(one => one.Key.Id));
        var page = await narrow.Store.Jobs.ListAsync(new JobQuery { Top = 1000 }, Cancelled);
        Assert.Equal(100, (await narrow.Store.Jobs.ListAsync(new JobQuery { Top = 1000, Continuation = page.Continuation }, Cancelled)).Elements.Count);

        await narrow.Store.Outbox.RemoveAsync(pending, Cancelled);
        Assert.Equal((1050, true), await narrow.Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));
        Assert.Equal(50, Assert.Single(await narrow.Store.Jobs.BooksAsync(Cancelled)).Registered);
    }

    [Fact]
    public async Task Jobs_that_settled_long_ago_are_purged_and_others_are_not()
    {
        await CommitAsync(Sample.Job("open").New());
        await CommitAsync(Sample.Job("late").Settled(TimeSpan.FromDays(3)).Job.New());
        await CommitAsync(Sample.Job("settled").Settled(TimeSpan.FromDays(1)).Job.New());
        await CommitAsync(Sample.Job("expired", "other").Expired(TimeSpan.FromDays(1)).Job.New());
        await CommitAsync(Sample.Job("watched-again").ExpiredAndWatched(TimeSpan.FromDays(1)).Job.New());
        await CommitAsync(Sample.Job("unpublished").Settled(TimeSpan.FromDays(1)).On(null));

        Assert.Equal((0, true), await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));
        Assert.Equal((2, true), await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(2), TimeSpan.MaxValue, Cancelled));

        var left = (await Store.Jobs.ListAsync(new JobQuery(), Cancelled)).Elements.Select(job => job.Key.Id);
        Assert.Equal(["late", "open", "unpublished", "watched-again"], left.Order());
        var books = Assert.Single(await Store.Jobs.BooksAsync(Cancelled));
        Assert.Equal((4, 0), (books.Registered, books.Unaccounted));

        await Store.Outbox.RemoveAsync(await Store.Outbox.PendingAsync(10, Cancelled), Cancelled);
        Assert.Equal((1, true), await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(2), TimeSpan.MaxValue, Cancelled));
        Assert.Null(await Store.Jobs.FindAsync(new JobKey("media", "unpublished"), Cancelled));
    }

    [Fact]
    public async Task A_purge_leaves_no_row_of_a_job_but_a_tombstone_without_its_id_and_it_can_come_again()
    {
        var job = Sample.Job("a").Settled().Job;
        await CommitAsync(job.New());
        await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled);

        var left = Assert.Single(await _table.Rows.QueryAsync<TableEntity>("PartitionKey ne '|'", cancellationToken: Cancelled).ToListAsync(Cancelled));
        Assert.Equal(PartitionOf(job), left.PartitionKey);
        Assert.Matches(@"^x\|\d{7}\|[0-9a-f]{24}$", left.RowKey);
        await CommitAsync(job.New());
    }

    [Fact]
    public async Task A_job_whose_outcome_is_published_again_during_a_purge_stays()
    {
        await using var narrow = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 1);
        var store = narrow.Store;
        var wire = new Wire();
        var purging = await narrow.StoreAsync(wire.Between);
        var jobs = Enumerable.Range(0, 9).Select(i => Sample.Job($"j{i}").Settled().Job).ToList();
        foreach (var job in jobs)
            Assert.NotNull(await store.Jobs.CommitAsync(job.New(), Cancelled));

        // Between the reads of the purge and its deletions.
        var republished = 0;
        wire.Fates = request =>
        {
            if (request == "transaction" && Interlocked.Exchange(ref republished, 1) == 0)
                jobs.Take(3).ToList().ForEach(job => RepublishAsync(job).GetAwaiter().GetResult());
            return Fate.Answered;
        };

        Assert.Equal((6, true), await purging.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));

        Assert.Equal(["j0", "j1", "j2"], (await store.Outbox.PendingAsync(10, Cancelled)).Select(one => one.Key.Id).Order());
        Assert.Equal(["j0", "j1", "j2"], (await store.Jobs.ListAsync(new JobQuery(), Cancelled)).Elements.Select(job => job.Key.Id).Order());

        async Task RepublishAsync(Job job)
        {
            var etag = (await store.Jobs.FindAsync(job.Key, Cancelled))?.ETag;
            Assert.NotNull(await store.Jobs.CommitAsync(job.Republish(Sample.Start.AddDays(3)).On(etag), Cancelled));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_books_show_whichever_row_of_a_job_is_missing(bool expired)
    {
        var job = expired ? Sample.Job("lost").ExpiredAndWatched().Job : Sample.Job("lost");
        await CommitAsync(Sample.Job("whole").New());
        await CommitAsync(job.New());
        var partition = RowKeys.Partition(job.Key, _table.Options.Buckets);
        var due = job.Watch.DueAt!.Value;

        foreach (var rowKey in new[] { RowKeys.Job("lost"), RowKeys.ListedAt(job.RegisteredAt, "lost"), RowKeys.DueAt(due, "lost") })
        {
            var row = (await _table.Rows.GetEntityAsync<TableEntity>(partition, rowKey, cancellationToken: Cancelled)).Value;
            await _table.Rows.DeleteEntityAsync(partition, rowKey, ETag.All, Cancelled);

            var books = Assert.Single(await Store.Jobs.BooksAsync(Cancelled));
            Assert.True(books.Unaccounted > 0, rowKey);
            Assert.Equal(1, books.Open);

            await _table.Rows.AddEntityAsync(row, Cancelled);
            Assert.Equal(0, Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Unaccounted);
        }

        // A row of a time at which the job is not due.
        await _table.Rows.AddEntityAsync(new TableEntity(partition, RowKeys.DueAt(due.AddDays(1), "lost")), Cancelled);
        Assert.Equal(1, Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Unaccounted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_watched_job_whose_row_in_the_due_index_is_gone_is_found_and_put_back_by_its_next_commit(bool expired)
    {
        var job = expired ? Sample.Job("a").ExpiredAndWatched().Job : Sample.Job("a");
        await CommitAsync(job.New());
        await _table.Rows.DeleteEntityAsync(
            RowKeys.Partition(job.Key, _table.Options.Buckets), RowKeys.DueAt(job.Watch.DueAt!.Value, "a"), ETag.All, Cancelled);
        Assert.Equal([job.Key], await Store.Jobs.UnwatchedAsync(10, Cancelled));

        foreach (var due in new[] { job.Watch.DueAt.Value, Sample.Start.AddHours(1) })
        {
            var stored = (await Store.Jobs.FindAsync(job.Key, Cancelled))!;
            await CommitAsync(new(stored.Job.DueAt(due), stored.ETag, null));

            Assert.Equal(due, await Store.Due.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));
            Assert.Empty(await Store.Jobs.UnwatchedAsync(10, Cancelled));

            await _table.Rows.DeleteEntityAsync(
                RowKeys.Partition(job.Key, _table.Options.Buckets), RowKeys.DueAt(due, "a"), ETag.All, Cancelled);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_watched_job_whose_row_in_the_due_index_is_gone_is_found_when_its_partition_is_counted(bool expired)
    {
        var job = expired ? Sample.Job("a").ExpiredAndWatched().Job : Sample.Job("a");
        await CommitAsync(job.New());
        var part = RowKeys.Partition(job.Key, _table.Options.Buckets);
        await _table.Rows.DeleteEntityAsync(part, RowKeys.DueAt(job.Watch.DueAt!.Value, "a"), ETag.All, Cancelled);

        var count = await Store.Jobs.CountAsync(part, 10, Cancelled);

        Assert.Equal([job.Key], count.Unwatched);
        Assert.Equal(1, Assert.Single(count.Books).Unaccounted);
        Assert.Empty((await Store.Jobs.CountAsync(part, 0, Cancelled)).Unwatched);
    }

    [Fact]
    public async Task A_second_row_in_the_list_and_a_lost_row_of_the_job_itself_show()
    {
        var job = Sample.Job("a").Settled().Job;
        await CommitAsync(job.New());
        var part = RowKeys.Partition(job.Key, _table.Options.Buckets);
        var row = (await _table.Rows.GetEntityAsync<TableEntity>(part, RowKeys.Job("a"), cancellationToken: Cancelled)).Value;
        await _table.Rows.DeleteEntityAsync(part, RowKeys.Job("a"), ETag.All, Cancelled);
        Assert.Equal(1, Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Unaccounted);
        await _table.Rows.AddEntityAsync(row, Cancelled);

        await _table.Rows.DeleteEntityAsync(part, RowKeys.ListedAt(job.RegisteredAt, "a"), ETag.All, Cancelled);
        Assert.Equal(1, Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Unaccounted);
    }

    [Fact]
    public async Task Books_that_are_counted_while_jobs_change_balance()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var changing = Enumerable.Range(0, 3).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var job = Sample.Job($"w{writer}-{i}");
                var etag = await Store.Jobs.CommitAsync(job.New(), Cancelled);
                etag = await Store.Jobs.CommitAsync(new(job.DueAt(Sample.Start.AddHours(1)), etag, null), Cancelled);
                await Store.Jobs.CommitAsync(job.Settled().On(etag), Cancelled);
            }
        })).ToList();

        for (var i = 0; i < 25; i++)
        {
            Assert.All(await Store.Jobs.BooksAsync(Cancelled), books => Assert.Equal(0, books.Unaccounted));
            Assert.Empty(await Store.Jobs.UnwatchedAsync(10, Cancelled));
        }

        await stop.CancelAsync();
        await Task.WhenAll(changing);
    }

    private async Task CommitAsync(JobCommit commit) => Assert.NotNull(await Store.Jobs.CommitAsync(commit, Cancelled));

    private string PartitionOf(Job job) => RowKeys.Partition(job.Key, _table.Options.Buckets);

    /// <summary>Makes a job's rows what a version of FopWatch without references wrote.</summary>
    private async Task ForgetReferenceAsync(Job job, string reference)
    {
        await _table.Rows.DeleteEntityAsync(PartitionOf(job), $"r|{reference}", ETag.All, Cancelled);
        TableEntity listed = await _table.Rows.GetEntityAsync<TableEntity>(PartitionOf(job), RowKeys.ListedAt(job.RegisteredAt, job.Key.Id), null, Cancelled);
        Assert.True(listed.Remove("HasReference"));
        await _table.Rows.UpdateEntityAsync(listed, listed.ETag, TableUpdateMode.Replace, Cancelled);
    }

    /// <summary>How many rows belong to jobs.</summary>
    private async Task<int> CountRowsAsync()
    {
        var count = 0;
        await foreach (var row in _table.Rows.QueryAsync<TableEntity>(cancellationToken: Cancelled))
            count += row.PartitionKey == RowKeys.TablePartition ? 0 : 1;
        return count;
    }
}
