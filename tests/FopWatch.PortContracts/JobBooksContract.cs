using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.PortContracts;

/// <summary>How every <see cref="IJobStore"/> counts jobs and finds jobs without a watch.</summary>
public abstract class JobBooksContract : StoreContract<IJobStore>
{
    protected override IJobStore Jobs => Port;

    [Fact]
    public async Task The_books_balance_whatever_happens_to_jobs()
    {
        var etag = await CommitAsync(Sample.Job("settled").New());
        await CommitAsync(Sample.Job("settled").Settled().On(etag));
        await CommitAsync(Sample.Job("failed").PartiallyFailed().On(null));
        await CommitAsync(Sample.Job("open").New());
        await CommitAsync(Sample.Job("running").Progressed().On(null));
        await CommitAsync(Sample.Job("stopped").Stopped().New());
        await CommitAsync(Sample.Job("expired").Expired().On(null));
        await CommitAsync(Sample.Job("watched-again").ExpiredAndWatched().On(null));
        etag = await CommitAsync(Sample.Job("superseded").Expired().On(null));
        await CommitAsync(Sample.Job("superseded").Expired().Job.Settled().On(etag));
        await CommitAsync(Sample.Job("open", "other").New());

        var books = (await Port.BooksAsync(Cancelled)).OrderBy(of => of.Source, StringComparer.Ordinal);

        Assert.Equal(
            [
                new Books("media", Registered: 8, Settled: 3, Expired: 2, Open: 2, Stopped: 1),
                new Books("other", Registered: 1, Settled: 0, Expired: 0, Open: 1, Stopped: 0),
            ],
            books);
        Assert.All(books, of => Assert.Equal(0, of.Unaccounted));
        Assert.Empty(await Port.UnwatchedAsync(10, Cancelled));
    }

    [Fact]
    public async Task A_job_that_was_given_up_can_be_open_again()
    {
        var expired = Sample.Job("a").Expired().Job;
        var etag = await CommitAsync(expired.New());
        var reopened = expired with { IsExpired = false, Version = expired.Version + 1, Watch = expired.Watch.Due(Sample.Start) };

        await CommitAsync(new(reopened, etag, null));

        Assert.Equal(new Books("media", Registered: 1, Settled: 0, Expired: 0, Open: 1, Stopped: 0), Assert.Single(await Port.BooksAsync(Cancelled)));
        Assert.Empty((await Port.ListAsync(new() { States = [JobState.Expired] }, Cancelled)).Elements);
        Assert.Single((await Port.ListAsync(new() { States = [JobState.Waiting] }, Cancelled)).Elements);
    }

    [Fact]
    public async Task An_open_job_without_a_watch_is_found_and_unaccounted_for()
    {
        await CommitAsync(Sample.Job("watched").New());
        await CommitAsync(Sample.Job("stopped").Stopped().New());
        await CommitAsync(Sample.Job("settled").Settled().On(null));
        await CommitAsync(Sample.Job("expired").Expired().On(null));
        var etag = await CommitAsync(Sample.Job("lost").New());
        etag = await CommitAsync(new(Sample.Job("lost").DueAt(null), etag, null));

        Assert.Equal(new("media", "lost"), Assert.Single(await Port.UnwatchedAsync(10, Cancelled)));
        Assert.Equal(1, Assert.Single(await Port.BooksAsync(Cancelled)).Unaccounted);

        await CommitAsync(new(Sample.Job("lost").DueAt(Sample.Start), etag, null));
        Assert.Empty(await Port.UnwatchedAsync(10, Cancelled));
        Assert.Equal(0, Assert.Single(await Port.BooksAsync(Cancelled)).Unaccounted);
    }

    [Fact]
    public async Task The_parts_together_contain_every_job_and_find_jobs_without_a_watch()
    {
        for (var i = 0; i < 20; i++)
            await CommitAsync(Sample.Job($"j{i}", i % 2 == 0 ? "media" : "other").Settled().On(null));
        await CommitAsync(Sample.Job("open").New());
        await CommitAsync(Sample.Job("lost").DueAt(null).New());

        var parts = await Port.PartsAsync(Cancelled);
        var counts = new List<BooksCount>();
        foreach (var part in parts)
            counts.Add(await Port.CountAsync(part.Name, 10, Cancelled));

        Assert.Equal(parts.Count, parts.Select(part => part.Name).Distinct().Count());
        Assert.Equal(
            (await Port.BooksAsync(Cancelled)).OrderBy(of => of.Source, StringComparer.Ordinal),
            counts.SelectMany(count => count.Books).GroupBy(of => of.Source).Select(of => of.Aggregate((sum, part) => sum.Plus(part))).OrderBy(of => of.Source, StringComparer.Ordinal));
        Assert.Equal([new("media", "lost")], counts.SelectMany(count => count.Unwatched));

        // With several parts, earlier counts are kept.
        var after = await Port.PartsAsync(Cancelled);
        Assert.Equal(parts.Select(part => part.Name), after.Select(part => part.Name));
        Assert.All(after, part => Assert.True(parts.Count == 1 || part.CountedAt is not null, part.Name));
        Assert.All(after, part => Assert.All(part.Books, books => Assert.Equal(part.Source ?? books.Source, books.Source)));
    }

    [Fact]
    public async Task No_more_unwatched_jobs_are_returned_than_requested()
    {
        for (var i = 0; i < 5; i++)
            await CommitAsync(Sample.Job($"j{i}").DueAt(null).New());

        Assert.Equal(3, (await Port.UnwatchedAsync(3, Cancelled)).Distinct().Count());
        Assert.Equal(5, (await Port.UnwatchedAsync(10, Cancelled)).Distinct().Count());
    }

    [Fact]
    public async Task A_store_without_jobs_has_empty_books_and_an_empty_list()
    {
        Assert.Empty(await Port.BooksAsync(Cancelled));
        var page = await Port.ListAsync(new(), Cancelled);
        Assert.Empty(page.Elements);
        Assert.Null(page.Continuation);
    }
}
