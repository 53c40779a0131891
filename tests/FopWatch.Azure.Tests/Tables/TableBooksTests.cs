using Azure;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.PortContracts;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>The books of a table, and the unwatched jobs.</summary>
public sealed class TableBooksTests(SharedAzurite azurite) : TableTest(azurite)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_books_show_any_missing_row_of_a_job(bool expired)
    {
        var job = expired ? Sample.Job("lost").ExpiredAndWatched().Job : Sample.Job("lost");
        await CommitAsync(Sample.Job("whole").New());
        await CommitAsync(job.New());
        var partition = RowKeys.Partition(job.Key, Table.Options.Buckets);
        var due = job.Watch.DueAt!.Value;

        foreach (var rowKey in new[] { RowKeys.Job("lost"), RowKeys.ListedAt(job.RegisteredAt, "lost"), RowKeys.DueAt(due, "lost") })
        {
            var row = (await Table.Rows.GetEntityAsync<TableEntity>(partition, rowKey, cancellationToken: Cancelled)).Value;
            await Table.Rows.DeleteEntityAsync(partition, rowKey, ETag.All, Cancelled);

            var books = Assert.Single(await Store.Jobs.BooksAsync(Cancelled));
            Assert.True(books.Unaccounted > 0, rowKey);
            Assert.Equal(1, books.Open);

            await Table.Rows.AddEntityAsync(row, Cancelled);
            Assert.Equal(0, Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Unaccounted);
        }

        // A row at a time at which the job is not due.
        await Table.Rows.AddEntityAsync(new TableEntity(partition, RowKeys.DueAt(due.AddDays(1), "lost")), Cancelled);
        Assert.Equal(1, Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Unaccounted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_watched_job_with_a_missing_due_row_is_found_and_restored_by_its_next_commit(bool expired)
    {
        var job = expired ? Sample.Job("a").ExpiredAndWatched().Job : Sample.Job("a");
        await CommitAsync(job.New());
        await Table.Rows.DeleteEntityAsync(
            RowKeys.Partition(job.Key, Table.Options.Buckets), RowKeys.DueAt(job.Watch.DueAt!.Value, "a"), ETag.All, Cancelled);
        Assert.Equal([job.Key], await Store.Jobs.UnwatchedAsync(10, Cancelled));

        foreach (var due in new[] { job.Watch.DueAt.Value, Sample.Start.AddHours(1) })
        {
            var stored = (await Store.Jobs.FindAsync(job.Key, Cancelled))!;
            await CommitAsync(new(stored.Job.DueAt(due), stored.ETag, null));

            Assert.Equal(due, await Store.Due.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));
            Assert.Empty(await Store.Jobs.UnwatchedAsync(10, Cancelled));

            await Table.Rows.DeleteEntityAsync(
                RowKeys.Partition(job.Key, Table.Options.Buckets), RowKeys.DueAt(due, "a"), ETag.All, Cancelled);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_watched_job_with_a_missing_due_row_is_found_when_its_partition_is_counted(bool expired)
    {
        var job = expired ? Sample.Job("a").ExpiredAndWatched().Job : Sample.Job("a");
        await CommitAsync(job.New());
        var part = RowKeys.Partition(job.Key, Table.Options.Buckets);
        await Table.Rows.DeleteEntityAsync(part, RowKeys.DueAt(job.Watch.DueAt!.Value, "a"), ETag.All, Cancelled);

        var count = await Store.Jobs.CountAsync(part, 10, Cancelled);

        Assert.Equal([job.Key], count.Unwatched);
        Assert.Equal(1, Assert.Single(count.Books).Unaccounted);
        Assert.Empty((await Store.Jobs.CountAsync(part, 0, Cancelled)).Unwatched);
    }

    [Fact]
    public async Task The_books_show_a_second_list_row_and_a_missing_row_of_the_job_itself()
    {
        var job = Sample.Job("a").Settled().Job;
        await CommitAsync(job.New());
        var part = RowKeys.Partition(job.Key, Table.Options.Buckets);
        var row = (await Table.Rows.GetEntityAsync<TableEntity>(part, RowKeys.Job("a"), cancellationToken: Cancelled)).Value;
        await Table.Rows.DeleteEntityAsync(part, RowKeys.Job("a"), ETag.All, Cancelled);
        Assert.Equal(1, Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Unaccounted);
        await Table.Rows.AddEntityAsync(row, Cancelled);

        await Table.Rows.DeleteEntityAsync(part, RowKeys.ListedAt(job.RegisteredAt, "a"), ETag.All, Cancelled);
        Assert.Equal(1, Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Unaccounted);
    }

    [Fact]
    public async Task Books_counted_while_jobs_change_balance()
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
}
