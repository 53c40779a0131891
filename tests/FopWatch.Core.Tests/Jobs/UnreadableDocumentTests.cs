using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>Which stored documents can be read, and how the others are described.</summary>
public class UnreadableDocumentTests
{
    private static readonly JobKey Key = new("media", "z0.secret-id");
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private static readonly string Document = Encoding.UTF8.GetString(JobJson.Serialize(
        Job.New(Key, ProviderKind.Qiniu, JobOrigin.Registration, new Watch { StartedAt = Now, Deadline = Now.AddDays(9), DueAt = Now }, Now) with
        {
            Metadata = Job.NoMetadata.Add("secret-name", "secret-value"),
        }));

    [Fact]
    public void A_document_of_the_job_is_read()
    {
        Assert.True(JobJson.TryDeserialize(Encoding.UTF8.GetBytes(Document), Key, out var job, out var problem));
        Assert.Equal((Key, null), (job.Key, problem));
    }

    [Fact]
    public void A_document_of_another_job_is_not_read() => AssertUnreadable(Document, "its document belongs to another job", new(Key.Source, "z0.other"));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("no json")]
    [InlineData("[]")]
    [InlineData("7")]
    public void A_document_that_is_not_a_job_object_is_described_as_such(string document) =>
        AssertUnreadable(document, "its document is not a job, or is cut off");

    [Fact]
    public void A_null_is_described_as_null() => AssertUnreadable("null", "its document cannot be read: it is null");

    [Fact]
    public void An_unreadable_value_is_named_by_its_path() => AssertUnreadable(
        Document.Replace("\"registeredAt\":\"", "\"registeredAt\":\"secret", StringComparison.Ordinal), "its document cannot be read at $.registeredAt");

    [Fact]
    public void Names_given_by_an_application_are_not_repeated() => AssertUnreadable(
        Document.Replace("\"secret-value\"", "[]", StringComparison.Ordinal), "its document cannot be read at $.metadata");

    [Fact]
    public void A_document_that_the_serializer_accepts_and_no_version_wrote_is_described_in_words() => AssertUnreadable(
        Document.Replace("\"Registration\"", "99", StringComparison.Ordinal), "its document cannot be read: it has a value that this version does not know");

    private static void AssertUnreadable(string document, string words, JobKey? key = null)
    {
        Assert.NotEqual(key is null ? Document : "", document);
        Assert.False(JobJson.TryDeserialize(Encoding.UTF8.GetBytes(document), key ?? Key, out var job, out var problem));
        Assert.Equal((null, words), (job, problem));
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }
}
