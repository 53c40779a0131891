using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Core.Tests;

public class JobJsonTests
{
    [Fact]
    public void A_job_survives_a_round_trip()
    {
        var now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
        var job = Job.New(new("media", "z0.a"), ProviderKind.Qiniu, JobOrigin.Hint, new Watch { StartedAt = now, Deadline = now.AddDays(9), DueAt = now }, now) with
        {
            Metadata = Job.NoMetadata.Add("lesson", "42").Add("Lesson", "43"),
            Facts = (JobFacts.None with { Bucket = "b", Closed = true, Raw = new(true, "{}") }).WithItems(
            [
                new() { Command = "avthumb/mp4", State = ItemState.Succeeded, Outputs = [new() { Bucket = "b", Key = "k", Size = 7 }] },
                new() { Command = "avthumb/mp4", State = ItemState.Unknown, Code = 99 },
            ]),
            Version = 3,
            SettledBy = SettledBy.Poll,
        };

        var read = JobJson.Deserialize(JobJson.Serialize(job));

        Assert.Equal(job.Metadata, read.Metadata);
        Assert.Equal(job, read with { Metadata = job.Metadata });
    }

    [Fact]
    public void A_document_does_not_escape_quotes_and_letters_with_six_bytes()
    {
        var now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var watch = new Watch { StartedAt = now, Deadline = now.AddDays(9), DueAt = now };
        var job = Job.New(new("media", "z0.a"), ProviderKind.Qiniu, JobOrigin.Report, watch, now) with
        {
            Facts = JobFacts.None with { Key = "上课.mp4", Raw = new(false, """{"inputKey":"上课.mp4"}""") },
        };

        var document = System.Text.Encoding.UTF8.GetString(JobJson.Serialize(job));

        Assert.DoesNotContain("\\u", document, StringComparison.Ordinal);
        Assert.Contains("""{\"inputKey\":\"上课.mp4\"}""", document, StringComparison.Ordinal);
        Assert.Equal(job, JobJson.Deserialize(System.Text.Encoding.UTF8.GetBytes(document)) with { Metadata = job.Metadata });
    }

    [Fact]
    public void Registering_a_stored_job_without_metadata_again_changes_nothing()
    {
        var now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
        var watch = new Watch { StartedAt = now, Deadline = now.AddDays(9), DueAt = now };
        var job = Job.New(new("media", "z0.a"), ProviderKind.Qiniu, JobOrigin.Registration, watch, now) with { Version = 1 };
        var read = JobJson.Deserialize(JobJson.Serialize(job));

        Assert.Same(read, read.Register(Job.NoMetadata, now.AddMinutes(1)).Job);
    }

    [Theory]
    [InlineData(false, false, true, false, WatchStatus.Watching)]
    [InlineData(false, true, true, false, WatchStatus.Watching)]
    [InlineData(false, true, false, false, WatchStatus.GivenUp)]
    [InlineData(true, false, false, false, WatchStatus.Stopped)]
    [InlineData(true, true, false, false, WatchStatus.Stopped)]
    [InlineData(false, false, false, true, WatchStatus.Done)]
    [InlineData(true, true, false, true, WatchStatus.Done)]
    public void The_status_of_a_watch_is_read_from_documents_of_every_version(bool stopped, bool givenUp, bool isDue, bool closed, WatchStatus expected)
    {
        var document = $$$"""
            {
              "key": { "source": "media", "id": "z0.a" }, "provider": "Qiniu", "origin": "Registration",
              "facts": { "closed": {{{(closed ? "true" : "false")}}}, "concluded": {{{(closed ? "true" : "false")}}}, "verdict": "{{{(closed ? "Failed" : "None")}}}", "items": [] },
              "metadata": {}, "registeredAt": "2026-01-02T03:04:05+00:00", "updatedAt": "2026-01-02T03:04:05+00:00",
              "givenUp": {{{(givenUp ? "true" : "false")}}}, "version": 1,
              "watch": {
                {{{(isDue ? "\"dueAt\": \"2026-01-02T03:06:05+00:00\"," : "")}}}
                "startedAt": "2026-01-02T03:04:05+00:00", "deadline": "2026-01-11T03:04:05+00:00", "stopped": {{{(stopped ? "true" : "false")}}}
              }
            }
            """;

        var read = JobJson.Deserialize(System.Text.Encoding.UTF8.GetBytes(document));

        Assert.Equal((expected, givenUp), (read.WatchStatus, read.IsExpired));
        var again = JobJson.Deserialize(JobJson.Serialize(read));
        Assert.Equal((expected, givenUp, read.Watch.DueAt), (again.WatchStatus, again.IsExpired, again.Watch.DueAt));

        // A rolled-back version reads it too.
        var written = System.Text.Json.JsonDocument.Parse(JobJson.Serialize(read)).RootElement;
        Assert.Equal(
            (expected == WatchStatus.Stopped, givenUp, false),
            (IsMarked(written.GetProperty("watch"), "stopped"), IsMarked(written, "givenUp"), written.GetProperty("watch").TryGetProperty("status", out _)));

        static bool IsMarked(System.Text.Json.JsonElement element, string name) => element.TryGetProperty(name, out var mark) && mark.GetBoolean();
    }
}
