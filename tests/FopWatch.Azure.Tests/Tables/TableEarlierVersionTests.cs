using Azure;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using FopWatch.PortContracts;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>Data written by an earlier version of FopWatch.</summary>
public sealed class TableEarlierVersionTests(SharedAzurite azurite) : TableTest(azurite)
{
    [Fact]
    public async Task A_job_stored_before_references_is_found_and_purged()
    {
        var job = Sample.Job("a").Settled().Job;
        await Store.Jobs.CommitAsync(job.New(), Cancelled);
        var reference = Store.Jobs.References.Of(job.Key);
        await ForgetReferenceAsync(job, reference);

        Assert.Equal(job.Key, (await Store.Jobs.FindByReferenceAsync(null, reference, Cancelled))?.Key);
        Assert.Equal((1, true), await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));
        Assert.Null(await Store.Jobs.FindByReferenceAsync(null, reference, Cancelled));
        Assert.True((await Store.Jobs.FindForChangeAsync(job.Key, JobOrigin.Report, mayPresume: false, Cancelled)).WasPurged);
        Assert.Equal(1, await CountRowsAsync());
    }

    [Fact]
    public async Task An_old_job_gets_its_reference_when_it_is_written_again()
    {
        var job = Sample.Job("a");
        var etag = await Store.Jobs.CommitAsync(job.New(), Cancelled);
        var reference = Store.Jobs.References.Of(job.Key);
        await ForgetReferenceAsync(job, reference);

        await Store.Jobs.CommitAsync(job.Settled().On(etag), Cancelled);

        Assert.True((await Table.Rows.GetEntityIfExistsAsync<TableEntity>(PartitionOf(job), $"r|{reference}", null, Cancelled)).HasValue);
        await Store.Outbox.RemoveAsync(await Store.Outbox.PendingAsync(10, Cancelled), Cancelled);
        Assert.Equal((1, true), await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));
        Assert.True((await Store.Jobs.FindForChangeAsync(job.Key, JobOrigin.Report, mayPresume: false, Cancelled)).WasPurged);
        Assert.Equal(1, await CountRowsAsync());
    }

    [Fact]
    public async Task A_reference_whose_job_is_gone_finds_nothing()
    {
        var job = Sample.Job("a");
        await Store.Jobs.CommitAsync(job.New(), Cancelled);
        await Table.Rows.DeleteEntityAsync(PartitionOf(job), "j|a", ETag.All, Cancelled);

        Assert.Null(await Store.Jobs.FindByReferenceAsync(null, Store.Jobs.References.Of(job.Key), Cancelled));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    public async Task An_event_of_an_earlier_version_is_redacted_when_read(int? redaction)
    {
        var stored = EarlierEvent.Stored;
        await Store.Jobs.CommitAsync(new(Sample.Job("a"), null, stored), Cancelled);
        await foreach (var row in Table.Rows.QueryAsync<TableEntity>("RowKey ge 'o|' and RowKey lt 'p'", cancellationToken: Cancelled))
        {
            row.Remove("Redaction");
            if (redaction is not null)
                row["Redaction"] = redaction;
            await Table.Rows.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancelled);
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
    public async Task An_event_of_this_version_is_published_as_committed()
    {
        var stored = EarlierEvent.Stored;
        await Store.Jobs.CommitAsync(new(Sample.Job("a"), null, stored), Cancelled);

        Assert.Equal(stored.Body.ToArray(), Assert.Single(await Store.Outbox.PendingAsync(10, Cancelled)).Body.ToArray());
    }

    /// <summary>Makes a job's rows those of a version without references.</summary>
    private async Task ForgetReferenceAsync(Job job, string reference)
    {
        await Table.Rows.DeleteEntityAsync(PartitionOf(job), $"r|{reference}", ETag.All, Cancelled);
        TableEntity listed = await Table.Rows.GetEntityAsync<TableEntity>(PartitionOf(job), RowKeys.ListedAt(job.RegisteredAt, job.Key.Id), null, Cancelled);
        Assert.True(listed.Remove("HasReference"));
        await Table.Rows.UpdateEntityAsync(listed, listed.ETag, TableUpdateMode.Replace, Cancelled);
    }

    /// <summary>The number of rows that belong to jobs.</summary>
    private async Task<int> CountRowsAsync()
    {
        var count = 0;
        await foreach (var row in Table.Rows.QueryAsync<TableEntity>(cancellationToken: Cancelled))
            count += row.PartitionKey == RowKeys.TablePartition ? 0 : 1;
        return count;
    }
}
