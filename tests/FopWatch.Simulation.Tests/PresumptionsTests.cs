using FopWatch.Jobs;
using FopWatch.PortContracts;

namespace FopWatch.Simulation.Tests;

/// <summary>What a process presumes about jobs that it does not read.</summary>
public sealed class PresumptionsTests
{
    private const string ETag = "1|e";

    private static readonly Job Job = Sample.Job("job");

    private readonly Presumptions _presumptions = new();

    [Fact]
    public void Nothing_is_presumed_about_an_unknown_id() => Assert.Null(_presumptions.Of(Job.Key, JobOrigin.Hint));

    [Theory]
    [InlineData(JobOrigin.Hint)]
    [InlineData(JobOrigin.Report)]
    public void An_open_job_is_presumed_unchanged_since_its_commit_except_for_registrations(JobOrigin origin)
    {
        _presumptions.Committed(Job.New(), ETag, 400);

        Assert.Equal(new FoundJob(new(Job, ETag) { IsIndexed = true }, IsPresumed: true), _presumptions.Of(Job.Key, origin));
        Assert.Null(_presumptions.Of(Job.Key, JobOrigin.Registration));
    }

    [Fact]
    public void A_job_without_a_due_time_is_in_no_index()
    {
        _presumptions.Committed(Job.Stopped().New(), ETag, 400);

        Assert.False(_presumptions.Of(Job.Key, JobOrigin.Hint)!.Value.Job!.IsIndexed);
    }

    [Theory]
    [InlineData(Presumptions.LongestBody, true)]
    [InlineData(Presumptions.LongestBody + 1, false)]
    public void A_job_with_a_long_document_is_not_remembered_and_is_forgotten_when_it_becomes_long(int bodyLength, bool isRemembered)
    {
        _presumptions.Committed(Job.New(), ETag, 400);
        _presumptions.Committed(new(Job, ETag, null), "2|e", bodyLength);

        Assert.Equal(isRemembered ? "2|e" : null, _presumptions.Of(Job.Key, JobOrigin.Hint)?.Job?.ETag);
    }

    [Fact]
    public void A_job_is_forgotten_when_it_settles_a_commit_is_refused_or_it_is_unreadable()
    {
        foreach (var forget in (Action[])
            [
                () => _presumptions.Committed(Job.Settled().On(ETag), "2|e", 400),
                () => _presumptions.Refused(new(Job, ETag, null)),
                () => _presumptions.Forget(Job.Key),
            ])
        {
            _presumptions.Committed(new(Job, ETag, null), ETag, 400);
            Assert.NotNull(_presumptions.Of(Job.Key, JobOrigin.Hint));

            forget();
            Assert.Null(_presumptions.Of(Job.Key, JobOrigin.Hint));
        }
    }

    [Fact]
    public void The_last_committed_jobs_are_remembered_up_to_twice_the_limit()
    {
        for (var i = 0; i < Presumptions.Remembered; i++)
            _presumptions.Committed(new(Sample.Job($"j{i}"), ETag, null), ETag, 400);
        Assert.NotNull(Of("j0"));

        for (var i = 0; i < Presumptions.Remembered - 1; i++)
            _presumptions.Committed(new(Sample.Job($"k{i}"), ETag, null), ETag, 400);
        Assert.All((string[])["j0", $"j{Presumptions.Remembered - 1}", "k0"], id => Assert.NotNull(Of(id)));

        _presumptions.Committed(new(Sample.Job("last"), ETag, null), ETag, 400);
        Assert.Null(Of("j0"));
        Assert.All((string[])["k0", $"k{Presumptions.Remembered - 2}", "last"], id => Assert.NotNull(Of(id)));

        // Also one among the older ones.
        _presumptions.Forget(new("media", "k0"));
        Assert.Null(Of("k0"));
    }

    [Fact]
    public void An_id_is_presumed_new_once_enough_new_ids_of_its_source_and_origin_were_committed()
    {
        for (var i = 1; i < Presumptions.UsualAfter; i++)
            Commit($"j{i}");
        Assert.Null(Of("new"));

        Commit($"j{Presumptions.UsualAfter}");
        Assert.Equal(new FoundJob(null, IsPresumed: true), Of("new"));
        Assert.Null(_presumptions.Of(new("files", "new"), JobOrigin.Hint));
        Assert.Null(_presumptions.Of(new("media", "new"), JobOrigin.Report));
    }

    [Fact]
    public void Known_jobs_make_new_ids_neither_usual_nor_unusual()
    {
        for (var i = 0; i < 2 * Presumptions.UsualAfter; i++)
            _presumptions.Committed(new(Sample.Job($"known{i}"), ETag, null), "2|e", 400);
        Assert.Null(Of("new"));

        for (var i = 0; i < Presumptions.UsualAfter; i++)
            Commit($"j{i}");
        _presumptions.Refused(new(Sample.Job("known0"), ETag, null));
        Assert.NotNull(Of("new"));
    }

    [Fact]
    public void After_one_wrongly_presumed_new_id_as_many_new_ones_are_needed_again()
    {
        for (var i = 0; i < 3 * Presumptions.UsualAfter; i++)
            Commit($"j{i}");

        _presumptions.Refused((Sample.Job("old") with { Origin = JobOrigin.Hint }).New());
        Assert.Null(Of("new"));

        for (var i = 1; i < Presumptions.UsualAfter; i++)
            Commit($"k{i}");
        Assert.Null(Of("new"));
        Commit("last");
        Assert.NotNull(Of("new"));
    }

    private FoundJob? Of(string id) => _presumptions.Of(new("media", id), JobOrigin.Hint);

    private void Commit(string id)
    {
        var job = Sample.Job(id) with { Origin = JobOrigin.Hint };
        _presumptions.Committed(job.New(), ETag, 400);
        _presumptions.Forget(job.Key);
    }
}
