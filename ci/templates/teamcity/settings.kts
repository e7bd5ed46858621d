// A TeamCity build configuration, for agents that have the two programs on their PATH and a Docker Engine.
import jetbrains.buildServer.configs.kotlin.*
import jetbrains.buildServer.configs.kotlin.buildSteps.script

version = "2024.03"

project {
    buildType {
        id("Image")
        name = "Image"
        vcs { root(DslContext.settingsRoot) }
        steps {
            script {
                name = "build and push"
                scriptContent = """
                    build
                    push
                """.trimIndent()
            }
        }
    }
}
