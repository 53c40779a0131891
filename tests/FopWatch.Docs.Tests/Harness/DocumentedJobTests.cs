using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace FopWatch.Docs.Tests.Harness;

public sealed class DocumentedJobTests
{
    /// <summary>The simulator's order of items depends on the job's seed, and the documents show one order.</summary>
    [Fact]
    public async Task The_provider_lists_the_commands_in_the_documents_order()
    {
        await using var provider = await DocumentedJob.StartProviderAsync();
        using var http = new HttpClient { BaseAddress = provider.StatusEndpoint };

        var body = await http.GetFromJsonAsync<JsonObject>($"/status/get/prefop?id={DocumentedJob.Job.Id}", TestContext.Current.CancellationToken);

        Assert.Equal(
            DocumentedJob.Job.Items.Select(item => item.Command),
            body!["items"]!.AsArray().Select(item => (string)item!["cmd"]!));
    }
}
