namespace FopWatch.Docs.Tests.Harness;

public sealed class StepTests
{
    [Fact]
    public void A_script_is_its_commands_without_comments()
    {
        var steps = Of("""
            ```sh
            # First this.
            cp a b        # it's a comment
            curl x \
              -d '{
            "a": "# no comment"
            }'
            mv a b &&
            rm c
            cat >f <<'END'
            text
            END
            ```
            """);

        Assert.Equal(["cp a b", "curl x \\\n  -d '{\n\"a\": \"# no comment\"\n}'", "mv a b &&\nrm c", "cat >f <<'END'\ntext\nEND"], steps.Select(step => step.Command));
        Assert.Equal(["a.md:3", "a.md:4", "a.md:8", "a.md:10"], steps.Select(step => step.Place));
    }

    [Fact]
    public void A_command_knows_the_shell_state_left_by_earlier_ones()
    {
        var steps = Of("""
            ```sh
            export A=1
            url="http://a b"
            curl "$url"
            cd src
            ls
            ```
            """);

        Assert.Equal(["export A=1", "url=\"http://a b\"", "cd src"], steps[^1].Before);
        Assert.Equal(["export A=1", "url=\"http://a b\""], steps[2].Before);
    }

    [Fact]
    public void A_console_block_is_commands_with_their_output()
    {
        var steps = Of("""
            ```console
            $ curl x
            {"a":1,
             "b":2}
            $ curl y \
            >   -X POST
            $ curl -N z
            id: 1
            ```
            """);

        Assert.Equal(["curl x", "curl y \\\n  -X POST", "curl -N z"], steps.Select(step => step.Command));
        Assert.Equal([["{\"a\":1,", " \"b\":2}"], [], ["id: 1"]], steps.Select(step => step.Shown));
        Assert.Equal([false, false, true], steps.Select(step => step.IsStream));
    }

    [Fact]
    public void A_console_block_that_starts_with_output_is_refused() =>
        Assert.StartsWith("a.md:2: ", Assert.Throws<FormatException>(() => Of("```console\nok\n```")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("dotnet run --project src/FopWatch.Local", true)]
    [InlineData("dotnet run --project src/FopWatch.Local -- serve --data x", true)]
    [InlineData("dotnet run --project src/FopWatch.Local -- demo", false)]
    [InlineData("dotnet run --project src/FopWatch.Functions", true)]
    [InlineData("cd src/FopWatch.Functions && func start", true)]
    public void A_command_that_starts_a_host_is_recognised(string command, bool isHost) => Assert.Equal(isHost, Of($"```sh\n{command}\n```")[0].IsHost);

    [Theory]
    [InlineData("curl http://127.0.0.1:7071/x", "curl http://127.0.0.1:9/x")]
    [InlineData("dotnet run --project src/FopWatch.Local", "dotnet run --project src/FopWatch.Local -- --urls http://127.0.0.1:9")]
    [InlineData("dotnet run --project src/FopWatch.Local -- serve", "dotnet run --project src/FopWatch.Local -- serve --urls http://127.0.0.1:9")]
    [InlineData("dotnet run --project src/FopWatch.Local -- demo", "dotnet run --project src/FopWatch.Local -- demo")]
    [InlineData("dotnet run --project src/FopWatch.Local -- watch", "dotnet run --project src/FopWatch.Local -- watch --url http://127.0.0.1:9")]
    [InlineData("dotnet run --project src/FopWatch.Functions", "dotnet run --project src/FopWatch.Functions -- --port 9")]
    [InlineData("cd src/FopWatch.Functions && func start", "cd src/FopWatch.Functions && func start --port 9")]
    public void The_documents_port_is_replaced_by_a_free_one(string command, string rewritten) =>
        Assert.Equal(rewritten, new Rewriting(9).Of(command));

    private static IReadOnlyList<Step> Of(string text) => Step.Of(Markdown.Read("a.md", text)[0]);
}
