using System.Security.Cryptography;
using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using FopWatch.PortContracts;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>The row of a job that does not fit into one.</summary>
public sealed class JobRowsTests
{
    [Fact]
    public void A_cut_job_has_the_length_of_the_whole_job_so_that_it_is_not_remembered()
    {
        const int RawLength = 1_040_000;
        var job = Sample.Job("a");
        var raw = RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", RawLength);
        job = job with { Facts = job.Facts with { Raw = new(Closing: false, $"\"{raw}\"") } };
        var commit = job.New();

        var (row, _, length) = JobRows.Of("media|0", commit);

        var stored = JobRows.Read(row, job.Key).Job;
        Assert.Equal(FactsCut.Raw, stored.Facts.Cut);
        Assert.Null(stored.Facts.Raw);
        Assert.InRange(length, RawLength, int.MaxValue);
        var presumptions = new Presumptions();
        presumptions.Committed(commit, "1|e", length);
        Assert.Null(presumptions.Of(job.Key, JobOrigin.Report));
    }
}
